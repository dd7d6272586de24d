"""What every runtime offers: the values it takes and gives, its refusals, and the `Runtime` interface.

Decides nothing about how agents are isolated or started; that is each runtime's own affair.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

State = Literal["absent", "stopped", "running"]
LogUnit = Literal["harness", "machine"]
MAX_LOG_LINES = 5000


class UnknownAgent(Exception):
    """No agent of that name was created in this runtime."""


class StartFailed(Exception):
    """The agent could not be started; the text is a sentence the operator can act on."""


@dataclass(frozen=True)
class Capabilities:
    """What a runtime can and can't do; `notes` are sentences for the operator."""

    name: str
    sandboxed: bool
    separate_users: bool
    memory_limits: bool
    follow_logs: bool
    max_name_length: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mount:
    """A host path shown to the agent at `target`.

    The source of a writable mount is given to the agent's user, unless it is `shared`: then it stays with
    its owner and the agent reaches it through `AgentSpec.groups`.
    """

    source: Path
    target: str
    writable: bool = False
    shared: bool = False


@dataclass(frozen=True)
class AgentSpec:
    """How to run one agent. `working_directory` is a target path; `memory_bytes` and `max_processes` are
    limits of the whole agent; `uid` is its user (and group) on the host, `groups` its further groups."""

    name: str
    argv: tuple[str, ...]
    working_directory: str
    env: dict[str, str] = field(default_factory=dict[str, str])
    mounts: tuple[Mount, ...] = ()
    memory_bytes: int | None = None
    max_processes: int | None = None
    uid: int | None = None
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class RuntimeStatus:
    """What is known of one agent now. `pid` is the harness's own. A death by signal n has the exit code 128+n.

    A stopped agent without exit code either never ran or went down without a witness (a reboot, say).
    """

    state: State
    pid: int | None = None
    started_at: datetime | None = None
    exited_at: datetime | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    asked: bool = False


@dataclass(frozen=True)
class Exited:
    """An agent that ran has gone. `asked` tells a stop from a crash; without exit code nobody saw the end."""

    name: str
    run_id: str
    exit_code: int | None
    exit_signal: int | None
    asked: bool
    at: datetime


class Runtime(Protocol):
    """Starts, stops and watches agents. Every verb may be repeated: the second time changes nothing."""

    def capabilities(self) -> Capabilities:
        """What this runtime can do on this machine."""
        ...

    def visible_path(self, mount: Mount) -> str:
        """The path at which the agent itself sees that mount."""
        ...

    async def create(self, spec: AgentSpec) -> None:
        """Create the agent, or change what its next start uses."""
        ...

    async def start(self, name: str) -> None:
        """Start it. Raises UnknownAgent, StartFailed."""
        ...

    async def stop(self, name: str, grace_seconds: float = 10) -> None:
        """SIGTERM to the harness; what is left after the grace is killed. Returns when all of it is gone."""
        ...

    async def kill(self, name: str) -> None:
        """Kill it now. Returns when all of it is gone."""
        ...

    async def destroy(self, name: str, *, purge: bool) -> None:
        """Kill and forget it. Without `purge` its log stays readable. Mounted folders are never removed."""
        ...

    async def list(self) -> Sequence[str]:
        """The names of all created agents, sorted."""
        ...

    async def status(self, name: str) -> RuntimeStatus:
        """Its state now; `absent` for a name never created or destroyed."""
        ...

    async def logs(self, name: str, lines: int = 200, unit: LogUnit = "harness") -> Sequence[str]:
        """The last lines (at most 5000), oldest first; of stopped and crashed agents too."""
        ...

    def follow(self, name: str) -> AsyncIterator[str]:
        """Lines as they are written from now on, without end."""
        ...

    async def wait_for_exit(self, name: str) -> Exited:
        """Wait for the end of the present run; of a stopped agent, the end of its last one.

        Raises UnknownAgent for one that never ran."""
        ...

    def watch(self) -> AsyncIterator[Exited]:
        """Every exit from now on, of agents started by any process. What is stopped already is not told."""
        ...
