"""The commit an agent's input is locked to, and whether its applied repository has that commit where it is said to be.

Decides nothing about which commit is deployed. Tags are never followed: nix would lock the tag's own id.
"""

from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2 import Commit, Oid, Repository
from pygit2.enums import ObjectType

from hive_lifecycle.meta import libgit, nar
from hive_lifecycle.meta.errors import broken_lock, no_repo

MAIN = "main"


@dataclass(frozen=True)
class Pin:
    """A full commit id, and a branch of the applied repository that has it: `build/7` or `main`."""

    commit: str
    branch: str = MAIN


@dataclass(frozen=True)
class Applied:
    """The folder of agents' applied repositories; they are only read."""

    folder: Path

    def of(self, agent: str) -> Path:
        """That agent's repository."""
        return self.folder / agent

    def head(self, agent: str) -> Pin:
        """What its main branch is at."""
        return Pin(str(self._tip(agent, MAIN).id), MAIN)

    def check(self, agent: str, pin: Pin) -> None:
        """Refuses `no_repo`, also when anything of the commit is damaged, and `broken_lock` for a commit that the
        branch hasn't got."""
        tip = self._tip(agent, pin.branch)
        repository = self._open(agent)
        if str(tip.id) != pin.commit and not _descends(repository, tip, pin.commit):
            raise broken_lock(f"the branch {pin.branch} of {agent!r} has no commit {pin.commit}; nothing was locked")
        try:
            nar.of_tree(repository[Oid(hex=pin.commit)].peel(ObjectType.COMMIT).tree)
        except (pygit2.GitError, KeyError) as error:
            raise no_repo(agent, f"the applied repository of {agent!r} is damaged: {error}") from error

    def _tip(self, agent: str, branch: str) -> Commit:
        repository = self._open(agent)
        try:
            found = repository.references.get(f"refs/heads/{branch}")
            if found is not None:
                return found.peel(ObjectType.COMMIT)
        except (pygit2.GitError, KeyError, ValueError) as error:
            raise no_repo(agent, f"the applied repository of {agent!r} is damaged: {error}") from error
        raise no_repo(agent, f"the applied repository of {agent!r} has no branch {branch}")

    def _open(self, agent: str) -> Repository:
        try:
            return libgit.open_repository(self.of(agent))
        except pygit2.GitError as error:
            raise no_repo(
                agent, f"{agent!r} has no applied repository at {self.of(agent)}, or it is damaged"
            ) from error


def _descends(repository: Repository, tip: Commit, commit: str) -> bool:
    try:
        return repository.descendant_of(tip.id, Oid(hex=commit))
    except (pygit2.GitError, KeyError, ValueError):
        return False
