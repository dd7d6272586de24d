"""What the swarm's flake is locked to, read without disturbing its writer; a missing or broken lock shows none."""

from dataclasses import dataclass
from datetime import datetime

from hive_lifecycle.meta.errors import MetaError
from hive_lifecycle.meta.files import Files
from hive_lifecycle.meta.flake_text import agent_of, order, urls
from hive_lifecycle.meta.lock_file import LockFile


@dataclass(frozen=True)
class LockedInput:
    """One input: `revision` is the full commit id, None where it is not locked to one."""

    name: str
    revision: str | None
    changed_at: datetime | None
    url: str
    agent: str | None


@dataclass(frozen=True)
class MetaState:
    """The inputs, `hyperhive` first, then by name; the head commit; why the lock can't be read, if it can't."""

    inputs: tuple[LockedInput, ...]
    commit: str | None
    error: str | None = None


def state_of(files: Files, commit: str | None) -> MetaState:
    """The inputs that flake.nix has, and what they are locked to."""
    lock, error = LockFile(), None
    try:
        lock = files.lock_file()
        error = None if files.lock else "there is no flake.lock yet"
    except MetaError as refusal:
        error = refusal.message
    points_at = urls(files.flake)
    return MetaState(tuple(_input(name, points_at[name], lock) for name in order(points_at)), commit, error)


def revisions_of(state: MetaState) -> dict[str, str]:
    """The locked revision of each agent that has one."""
    return {found.agent: found.revision for found in state.inputs if found.agent and found.revision}


def _input(name: str, url: str, lock: LockFile) -> LockedInput:
    node = lock.input(name)
    revision, changed_at = (node.revision, node.changed_at) if node else (None, None)
    return LockedInput(name, revision, changed_at, url, agent_of(name))
