"""Which branch of an agent's applied repository has a commit: the flake's inputs name both.

Approvals fast-forwards `main` a moment after a deploy has ended; until then the commit is on `build/<approval>`.
"""

from pathlib import Path

import pygit2
from pygit2 import Repository
from pygit2.enums import ObjectType, RepositoryOpenFlag

from hive_lifecycle.meta import Pin

_MAIN = "main"


def find_pin(repository: Path, commit: str) -> Pin | None:
    """The commit with a branch that has it, `main` before others; None where there is none. Blocks."""
    try:
        applied = Repository(str(repository), RepositoryOpenFlag.NO_SEARCH)
        branches = sorted(applied.branches.local, key=lambda name: (name != _MAIN, name))
        found = next((name for name in branches if _has(applied, name, commit)), None)
    except (pygit2.GitError, KeyError, ValueError):
        return None
    return None if found is None else Pin(commit, found)


def whole_id(repository: Path, beginning: str) -> str | None:
    """The one commit of the repository whose id begins so; None where there is none. Blocks."""
    try:
        applied = Repository(str(repository), RepositoryOpenFlag.NO_SEARCH)
        return str(applied.revparse_single(beginning).peel(ObjectType.COMMIT).id)
    except (pygit2.GitError, KeyError, ValueError):
        return None


def _has(repository: Repository, branch: str, commit: str) -> bool:
    tip = repository.branches.local[branch].target
    try:
        return str(tip) == commit or repository.descendant_of(tip, commit)
    except (pygit2.GitError, KeyError, ValueError):
        return False
