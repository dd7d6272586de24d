"""Claude Code as an `AgentRuntime`: one streaming-input process while awake, driven over its pipes."""

import asyncio
import uuid as uuids
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from hive_harness.outcome import Raw
from hive_harness.runtime import Listener, RuntimeDiedError, SessionGoneError
from hive_harness.runtime.command import ClaudeSetup, arguments, environment
from hive_harness.runtime.process import ClaudeProcess
from hive_harness.runtime.processes import ProcessTree

log = structlog.get_logger()
_CONTROL_SECONDS = 5.0
_KILLED = -9


class ClaudeRuntime:
    """Drives Claude Code; `login` gives the variables that hold its key, read anew at each start."""

    def __init__(
        self,
        setup: ClaudeSetup,
        tree: ProcessTree,
        login: Callable[[], dict[str, str]],
        on_event: Listener,
        on_stderr: Callable[[str], None],
    ) -> None:
        self._setup, self._tree, self._login = setup, tree, login
        self._on_event, self._on_stderr = on_event, on_stderr
        self._process: ClaudeProcess | None = None
        self._turn: asyncio.Queue[Raw | int] | None = None
        self._exit_code: int | None = None
        self._background: int = 0
        self._own_turn = False
        self._own_turn_over = asyncio.Event()
        self._own_turn_over.set()
        self._gone = False
        self._leaving = False
        self.session_id: str | None = None
        self.model: str | None = None

    @property
    def awake(self) -> bool:
        """Whether a process is up that can take a prompt."""
        return self._process is not None and self._process.pid is not None

    @property
    def busy(self) -> bool:
        """Whether a background task runs, or a turn that Claude Code began by itself."""
        return self.awake and (self._background > 0 or self._own_turn)

    @property
    def pids(self) -> list[int]:
        """The processes that belong to this agent now."""
        return self._tree.pids(self._process.pid if self._process else None)

    async def start(self, resume: str | None) -> None:
        """Start the process, with `resume`'s conversation where given."""
        await self.kill()
        self._exit_code, self._gone, self._leaving = None, False, False
        self._setup.config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = ClaudeProcess(self._heard, self._on_stderr, self._started, self._ended)
        command = arguments(self._setup, resume, self.model)
        try:
            await self._process.start(command, environment(self._setup, self._login()), str(self._setup.state_dir))
        except RuntimeDiedError as error:
            await self.kill()
            if self._gone:
                raise SessionGoneError(str(resume)) from error
            raise
        self.session_id = resume

    async def send(self, text: str, uuid: str) -> AsyncIterator[Raw]:
        """Give it `text` as it stands; no `@path` is expanded and no `/command` obeyed."""
        async for event in self._ask({**_user(text, uuid), "client_composed": True}, uuid):
            yield event

    async def compact(self) -> AsyncIterator[Raw]:
        """Compact the session."""
        uuid = str(uuids.uuid4())
        async for event in self._ask(_user("/compact", uuid), uuid):
            yield event

    async def interrupt(self) -> None:
        """End the running turn; its result still comes. A process that doesn't listen is killed."""
        if self._process is None or not self.awake:
            return
        try:
            await self._process.request("interrupt", _CONTROL_SECONDS)
        except RuntimeDiedError as error:
            log.warning("interrupt_failed", error=str(error))
            await self.kill()

    async def set_model(self, model: str) -> None:
        """Use `model` from the next request on, and at every later start."""
        changed, self.model = model != self.model, model
        if changed and self._process is not None and self.awake:
            await self._process.request("set_model", _CONTROL_SECONDS, model=model)

    async def quiet(self) -> None:
        """Wait for the end of a turn that Claude Code began by itself."""
        await self._own_turn_over.wait()

    async def hibernate(self) -> None:
        """Close its input, so that it saves and ends; the session can be resumed."""
        self._leaving = True
        process, self._process = self._process, None
        if process is not None:
            await process.close()
        self._forget()

    async def kill(self) -> None:
        """Kill the process and whatever it started, also what left its session."""
        self._leaving = True
        process = self._process
        count = await self._tree.kill(process.pid if process else None)
        if count:
            log.info("processes_killed", count=count)
        await self.hibernate()
        if self._turn is not None:
            self._turn.put_nowait(_KILLED)

    async def _ask(self, message: dict[str, Any], uuid: str) -> AsyncIterator[Raw]:  # Any: JSON
        if self._process is None:
            raise RuntimeDiedError("Claude Code is not running")
        turn: asyncio.Queue[Raw | int] = asyncio.Queue()
        self._turn = turn
        try:
            await self._process.write(message)
            while True:
                event = await turn.get()
                if isinstance(event, int):
                    raise RuntimeDiedError(f"Claude Code ended with exit code {event} in a turn", event)
                yield event
                if event.get("type") == "result" and _answers(event, uuid):
                    return
        finally:
            if self._turn is turn:
                self._turn = None

    def _heard(self, event: Raw) -> None:
        """Called by the transport for each event, in order."""
        self._note(event)
        self._on_event(event)
        if self._turn is not None:
            self._turn.put_nowait(event)

    def _note(self, event: Raw) -> None:
        kind, subtype = event.get("type"), event.get("subtype")
        if isinstance(event.get("session_id"), str) and kind in ("system", "result"):
            self.session_id = event["session_id"]
        if kind == "system" and subtype == "background_tasks_changed":
            self._background = len(event.get("tasks") or ())
        elif kind == "system" and subtype == "init" and self._turn is None and not event.get("user_message_uuids"):
            self._own_turn = True
            self._own_turn_over.clear()
        elif kind == "result":
            self._own_turn = False
            self._own_turn_over.set()
            self._gone = any("No conversation found" in str(error) for error in event.get("errors") or ())

    def _started(self, pid: int) -> None:
        self._tree.own = {pid}

    def _ended(self, code: int) -> None:
        self._exit_code = code
        if self._turn is not None:
            self._turn.put_nowait(code)
        if not self._leaving:
            self._on_event({"type": "hive_ended", "code": code})
        self._own_turn_over.set()

    def _forget(self) -> None:
        self._background = 0
        self._own_turn = False
        self._own_turn_over.set()


def _user(text: str, uuid: str) -> dict[str, Any]:  # Any: JSON
    return {
        "type": "user",
        "uuid": uuid,
        "message": {"role": "user", "content": text},
        "parent_tool_use_id": None,
    }


def _answers(result: Raw, uuid: str) -> bool:
    """Whether this result ends the turn that the message `uuid` began; results of other turns name others."""
    named = result.get("user_message_uuids") or [result.get("user_message_uuid")]
    if not any(named):
        return result.get("origin") is None
    return uuid in named
