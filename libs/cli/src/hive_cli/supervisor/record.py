"""What a supervisor leaves in the state folder: the lock that says it lives, and who its children are.

A supervisor that was killed leaves children behind (they are told to end with it, but may hang); the next one
finds them here by number and birth."""

import fcntl
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hive_kit.files import make_folder, write_atomically
from hive_kit.swarm import SwarmConfig
from pydantic import BaseModel, ConfigDict, ValidationError

from hive_cli.problems import Problem
from hive_cli.supervisor.process_id import ProcessId

END_SECONDS = 3.0


class Child(BaseModel):
    model_config = ConfigDict(frozen=True)

    pid: int
    born: int
    restarts: int = 0
    ready: bool = False


class Record(BaseModel):
    """`run/supervisor.json`."""

    model_config = ConfigDict(frozen=True)

    pid: int
    born: int
    status: Literal["starting", "ready", "stopping"] = "starting"
    demo: bool = False
    children: Mapping[str, Child] = {}

    @property
    def supervisor(self) -> ProcessId:
        return ProcessId(self.pid, self.born)


def read(path: Path) -> Record | None:
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def write(path: Path, record: Record) -> None:
    write_atomically(path, record.model_dump_json(indent=2) + "\n")


def take_lock(swarm: SwarmConfig) -> int:
    """The descriptor that holds the lock until it is closed. Raises Problem when another supervisor runs."""
    try:
        make_folder(swarm.lock.parent)
        descriptor = os.open(swarm.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Problem(f"can't set up {swarm.state}: {error.strerror or error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        record = read(swarm.supervisor)
        who = f" (pid {record.pid})" if record else ""
        hint = f"hive --state {swarm.state} down"
        raise Problem(f"this swarm runs already{who}; stop it with: {hint}", code="already_running") from None
    return descriptor


def is_running(swarm: SwarmConfig) -> bool:
    """Whether a supervisor holds the lock."""
    try:
        descriptor = os.open(swarm.lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def end_leftovers(swarm: SwarmConfig) -> list[str]:
    """Ends the children of a supervisor that is gone; the names of those that were still there.

    Only while holding the lock. Agents are not among them: they outlive services by design."""
    record = read(swarm.supervisor)
    if record is None:
        return []
    found = {name: ProcessId(child.pid, child.born) for name, child in record.children.items()}
    alive = {name: child for name, child in found.items() if child.is_alive()}
    for child in alive.values():
        child.signal(signal.SIGTERM)
    for child in alive.values():
        if not child.wait(END_SECONDS):
            child.signal(signal.SIGKILL, group=True)
            child.wait(END_SECONDS)
    return sorted(alive)
