"""What every runtime offers: the values it takes and gives, its refusals, and the `Runtime` interface.

Decides nothing about how agents are isolated or started; that is each runtime's own affair.
"""

from collections.abc import AsyncIterator, Callable, Sequence
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


class BuildFailed(Exception):
    """The agent's system could not be built; the text is a sentence the operator can act on."""


class InstallFailed(Exception):
    """What was built could not be put to use; what was in use before is in use again."""


Output = Callable[[str], None]
"""Takes one line, without its end, as soon as a program has printed it."""


@dataclass(frozen=True)
class Capabilities:
    """What a runtime can and can't do; `notes` are sentences for the operator."""

    name: str
    sandboxed: bool
    separate_users: bool
    memory_limits: bool
    separate_units: bool
    """The harness's log and the machine's are kept apart."""
    max_name_length: int | None
    builds: bool = False
    """`build` makes a system of the agent's own, which `install` takes."""
    switches_running: bool = False
    """`install` changes a running agent in place: it needs not be stopped before."""
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
    """What is known of one agent now. `pid` is the harness's own, or that of what contains it. A death by signal n
    has the exit code 128+n.

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
class LogPage:
    """Lines, oldest first. `cursor` is where the next ones begin: opaque, and good after a restart of anything.

    `cut`: lines between the cursor that was given and the first one here are gone, or were more than asked for.
    """

    lines: tuple[str, ...]
    cursor: str
    cut: bool = False


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

    async def build(self, name: str, flake: Path, output: Output) -> str | None:
        """Build the agent's system from the flake and its lock as they are in that folder, and keep it from being
        collected as garbage until another is installed. The built system's path; None where nothing is built.

        Nothing that runs is touched. Raises BuildFailed."""
        ...

    async def install(self, spec: AgentSpec, system: str | None, output: Output) -> None:
        """Create the agent, or change what it uses: `system` as built, and its spec.

        One that runs is switched in place and its harness started anew where the runtime can
        (`Capabilities.switches_running`); else the next start uses it. May be repeated. Raises InstallFailed: then all
        is as it was before."""
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

    async def logs(self, name: str, lines: int = 200, unit: LogUnit = "harness", after: str | None = None) -> LogPage:
        """The last lines (at most 5000), of stopped and crashed agents too; with `after`, a cursor, the first ones
        behind it. Raises UnknownAgent."""
        ...

    async def wait_for_exit(self, name: str) -> Exited:
        """Wait for the end of the present run; of a stopped agent, the end of its last one.

        Raises UnknownAgent for one that never ran."""
        ...

    def watch(self) -> AsyncIterator[Exited]:
        """Every exit from now on, of agents started by any process. What is stopped already is not told."""
        ...
