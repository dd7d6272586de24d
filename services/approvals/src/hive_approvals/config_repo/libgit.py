"""What holds for every use of libgit2 in this process, and the one way to open an applied repository."""

from pathlib import Path

import pygit2
from hive_wire.errors import ErrorCode, Refusal
from pygit2 import Commit, Repository
from pygit2.enums import ConfigLevel, ObjectType

BRANCH = "main"
START_TAG = "deployed/0"

# Agents' repositories belong to other users of this host by design; who may write them is decided by mounts.
pygit2.settings.owner_validation = False
# A decision is stored durably, so its tags are too.
pygit2.settings.enable_fsync_gitdir(True)
# The host's own git configuration changes nothing of what is stored or shown.
for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
    pygit2.settings.search_path[_level] = ""


def open_applied(folder: Path, agent: str) -> Repository:
    """An agent's applied repository. Refuses `no_repo`."""
    if not (folder / agent / "HEAD").is_file():
        raise Refusal(ErrorCode.NO_REPO, f"{agent!r} has no configuration repository", agent=agent)
    return Repository(str(folder / agent))


def commit_of(repository: Repository, full_id: str) -> Commit:
    """The commit of that full id. Refuses `unknown_commit`."""
    found = repository.get(full_id) if len(full_id) == 40 else None
    if found is None or found.type != ObjectType.COMMIT:
        text = f"{full_id!r} is no commit of the applied repository"
        raise Refusal(ErrorCode.UNKNOWN_COMMIT, text, commit=full_id)
    return found.peel(ObjectType.COMMIT)
