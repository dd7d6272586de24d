"""What drives a model's program for one agent: the interface, and Claude Code behind it.

Shaped like the Agent Client Protocol (a session id, prompts, a stream of updates, cancel), so that another
program can be put behind it. When to start, retry, compact or hibernate is the turn loop's to decide.
"""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hive_harness.outcome import Raw

Listener = Callable[[Raw], None]
"""Hears every event of the runtime, also those outside a turn. Must not block or raise."""


class RuntimeDiedError(Exception):
    """The program ended while it was needed. `code` is its exit code, negative for a signal."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class SessionGoneError(Exception):
    """The session to be resumed is unknown to the program."""


class AgentRuntime(Protocol):
    """One agent's model program: asleep, or awake with one process."""

    @property
    def awake(self) -> bool:
        """Whether a process is up that can take a prompt."""
        ...

    @property
    def session_id(self) -> str | None:
        """The session in use, or the last one."""
        ...

    @property
    def busy(self) -> bool:
        """Whether it works without having been asked: a background task of its own ended or still runs."""
        ...

    @property
    def pids(self) -> list[int]:
        """The processes that belong to this agent now."""
        ...

    async def start(self, resume: str | None) -> None:
        """Wake up, with `resume`'s conversation where given. Raises `SessionGoneError`, `RuntimeDiedError`."""
        ...

    def send(self, text: str, uuid: str) -> AsyncIterator[Raw]:
        """Give it `text` as it stands; yields events up to the result. Raises `RuntimeDiedError`."""
        ...

    def compact(self) -> AsyncIterator[Raw]:
        """Compact the session; yields events up to the result. Raises `RuntimeDiedError`."""
        ...

    async def interrupt(self) -> None:
        """End the running turn; its result still comes."""
        ...

    async def set_model(self, model: str) -> None:
        """Use `model` from the next request on."""
        ...

    async def quiet(self) -> None:
        """Wait until it no longer works on something of its own that has already begun."""
        ...

    async def hibernate(self) -> None:
        """End the process, keeping the session."""
        ...

    async def kill(self) -> None:
        """End the process and everything it ever started, at once."""
        ...
