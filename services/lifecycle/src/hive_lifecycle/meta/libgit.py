"""What holds for every use of libgit2 in lifecycle, and how a repository is opened."""

from pathlib import Path

import pygit2
from pygit2 import Repository
from pygit2.enums import ConfigLevel, RepositoryOpenFlag

# Applied repositories belong to another service's user; who may write them is decided by their owner and mode.
pygit2.settings.owner_validation = False
# What is locked is stored durably.
pygit2.settings.enable_fsync_gitdir(True)
# The host's own git configuration changes nothing of what is stored.
for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
    pygit2.settings.search_path[_level] = ""


def open_repository(folder: Path) -> Repository:
    """The repository in exactly that folder, not one around it. Raises pygit2.GitError."""
    return Repository(str(folder), RepositoryOpenFlag.NO_SEARCH)
