"""The two files of the swarm's flake, and how a change to the lock is carried from one version of them to another."""

from dataclasses import dataclass

from hive_lifecycle.meta.errors import MetaError
from hive_lifecycle.meta.flake_text import FlakeText, agent_of
from hive_lifecycle.meta.lock_file import LockFile, parse
from hive_lifecycle.meta.pins import MAIN

FLAKE = "flake.nix"
LOCK = "flake.lock"


@dataclass(frozen=True)
class Files:
    """Their texts; empty where there is none yet."""

    flake: str = ""
    lock: str = ""

    def lock_file(self) -> LockFile:
        """What is locked. Refuses `broken_lock`."""
        return parse(self.lock) if self.lock else LockFile()

    def readable(self) -> bool:
        """Whether the lock can be read."""
        try:
            self.lock_file()
        except MetaError:
            return False
        return True


def written(text: FlakeText, lock: LockFile) -> Files:
    """The files for the agents that are locked."""
    agents = [agent for agent in map(agent_of, lock.names()) if agent is not None]
    return Files(text.render(agents), lock.text())


def merged(base: LockFile, prepared: LockFile, onto: LockFile) -> LockFile:
    """What `prepared` changed of `base`, done to `onto`; inputs that it left alone stay as `onto` has them."""
    for name in prepared.names():
        key = prepared.key(name)
        if key is not None and not prepared.same(name, base):
            onto = onto.with_input(name, prepared, key)
    return onto


def settled(lock: LockFile) -> LockFile:
    """The branch that had a deployed commit goes when its deploy has ended; main has the commit from then on."""
    for name in lock.names():
        node = lock.input(name)
        if agent_of(name) is not None and node is not None and node.locked is not None:
            lock = lock.with_changed(name, node.changed(locked={**node.locked, "ref": MAIN}))
    return lock
