"""All agents' repositories behind one lock for each agent. One process writes; every call may be repeated."""

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, is_free_for_agents
from pygit2 import Repository

from hive_approvals.config_repo import diff, files, refs, review, seeding
from hive_approvals.config_repo.diff import Diff
from hive_approvals.config_repo.intake import BLOB_BYTES, Intake
from hive_approvals.config_repo.libgit import BRANCH, START_TAG, open_applied
from hive_approvals.config_repo.proposed import ProposedObjects
from hive_approvals.config_repo.raw import Malformed
from hive_approvals.config_repo.review import Checked

_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}\Z")


class ConfigRepos:
    """Where all agents' repositories lie. Every call refuses `bad_name` for what could be anything but one folder,
    and all but `seed`, `remove`, `has` and `deployed` refuse `no_repo`. They block; call them from a thread.
    """

    def __init__(self, proposed: Path, applied: Path) -> None:
        self.proposed = proposed
        self.applied = applied
        self._guard = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}

    def seed(self, agent: str, at_seconds: int) -> str:
        """Make what is missing of an agent's repositories; returns the commit that `applied/main` is at."""
        with self._locked(agent):
            applied = self.applied / agent
            seeding.make_applied(applied, agent, at_seconds)
            seeding.make_proposed(self.proposed / agent, applied)
            return self._at(agent, f"refs/heads/{BRANCH}")

    def remove(self, agent: str) -> None:
        """Remove both repositories; nothing happens where there are none."""
        with self._locked(agent):
            seeding.vanish(self.proposed / agent)
            seeding.vanish(self.applied / agent)

    def has(self, agent: str) -> bool:
        """Whether there is an applied repository."""
        return self.deployed(agent) is not None

    def deployed(self, agent: str) -> str | None:
        """The commit that `applied/main` is at; None without a repository."""
        with self._locked(agent):
            if not (self.applied / agent).is_dir():
                return None
            return self._at(agent, f"refs/heads/{BRANCH}")

    def start(self, agent: str) -> str:
        """The template's commit."""
        with self._locked(agent):
            return self._at(agent, f"refs/tags/{START_TAG}")

    def resolve(self, agent: str, commit: str) -> str:
        """The full id of a commit of the proposed repository. Refuses `bad_commit`, `unknown_commit`."""
        if not _COMMIT.match(commit):
            text = f"{commit[:100]!r} is no commit: name it by 7 to 40 hexadecimal digits; branches and tags can move"
            raise Refusal(ErrorCode.BAD_COMMIT, text, commit=commit[:100])
        with self._locked(agent), ProposedObjects(self.proposed, agent) as objects:
            found = sorted(objects.starting_with(commit.lower()))
            if len(found) > 1:
                raise _unknown(agent, commit, f"{len(found)} objects begin so; give more digits")
            if not found:
                raise _unknown(agent, commit, "there is none; was it committed there?")
            try:
                read = objects.read(found[0], BLOB_BYTES)
            except Malformed as error:
                raise _unknown(agent, commit, str(error)) from error
            if read is None or read.kind != "commit":
                raise _unknown(agent, commit, f"it is a {read.kind if read else 'missing object'}, not a commit")
            return found[0]

    def take_in(self, agent: str, commit: str) -> None:
        """Copy a commit, with everything that it needs, from the proposed into the applied repository.

        Refuses `bad_proposal`, and then nothing was copied.
        """
        with self._repository(agent) as repository, ProposedObjects(self.proposed, agent) as objects:
            Intake(objects, repository).run(commit)

    def check(self, agent: str, commit: str, base: str | None, *, spawn: bool = False) -> Checked:
        """Whether a commit that was taken in may be proposed on top of `base`, which is what is deployed.

        For a `spawn` the base is the start that it must descend from, and may be the commit itself.
        Refuses `stale_base`, `nothing_new`, `fixed_file`, `bad_proposal`, `bad_config`.
        """
        with self._repository(agent) as repository:
            return review.check(repository, commit, base, self.start(agent), spawn=spawn)

    def tag(self, agent: str, name: str, commit: str) -> None:
        """A lightweight tag in the applied repository. `RuntimeError` if it is there with another commit."""
        with self._repository(agent) as repository:
            refs.tag(repository, name, commit)

    def annotate(self, agent: str, name: str, commit: str, message: str, at_seconds: int) -> None:
        """An annotated tag with exactly that message. `RuntimeError` if it is there with another commit."""
        with self._repository(agent) as repository:
            refs.annotate(repository, name, commit, message, at_seconds)

    def set_branch(self, agent: str, name: str, commit: str) -> None:
        """A branch of the applied repository at that commit."""
        with self._repository(agent) as repository:
            refs.set_branch(repository, name, commit)

    def drop_branch(self, agent: str, name: str) -> None:
        """No such branch any more."""
        with self._repository(agent) as repository:
            refs.drop_branch(repository, name)

    def descends(self, agent: str, commit: str, base: str) -> bool:
        """Whether `base` is `commit` or one of its ancestors. Refuses `unknown_commit`."""
        with self._repository(agent) as repository:
            return refs.descends(repository, commit, base)

    def fast_forward(self, agent: str, commit: str) -> None:
        """Move `applied/main` to a descendant of where it is. Refuses `stale_base`."""
        with self._repository(agent) as repository:
            refs.fast_forward(repository, commit)

    def diff(self, agent: str, base: str | None, commit: str) -> Diff:
        """What a commit does to the base; None: to nothing. Refuses `unknown_commit`."""
        with self._repository(agent) as repository:
            return diff.diff_of(repository, base, commit)

    def read_file(self, agent: str, commit: str, path: str) -> tuple[bytes, bool]:
        """A file's first 256 KiB, and whether it has more. Refuses `bad_path`, `not_found`, `unknown_commit`."""
        with self._repository(agent) as repository:
            return files.read(repository, commit, path)

    def paths(self, agent: str, commit: str) -> list[str]:
        """All files of a commit. Refuses `unknown_commit`."""
        with self._repository(agent) as repository:
            return list(files.files_of(repository, commit))

    @contextmanager
    def _locked(self, agent: str) -> Generator[None]:
        if agent != MANAGER and not is_free_for_agents(agent):
            raise Refusal(ErrorCode.BAD_NAME, f"{agent!r} can't be an agent's name", name=agent)
        with self._guard:
            lock = self._locks.setdefault(agent, threading.RLock())
        with lock:
            yield

    @contextmanager
    def _repository(self, agent: str) -> Generator[Repository]:
        with self._locked(agent):
            repository = open_applied(self.applied, agent)
            try:
                yield repository
            finally:
                repository.free()

    def _at(self, agent: str, reference: str) -> str:
        found = refs.target(open_applied(self.applied, agent), reference)
        if found is None:
            text = f"the configuration repository of {agent!r} is damaged: it has no {reference}"
            raise Refusal(ErrorCode.NO_REPO, text, agent=agent)
        return found


def _unknown(agent: str, commit: str, why: str) -> Refusal:
    text = f"the proposed repository of {agent!r} has no commit {commit}: {why}"
    return Refusal(ErrorCode.UNKNOWN_COMMIT, text, agent=agent, commit=commit)
