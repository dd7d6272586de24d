"""One Claude Code process: its pipes, and the control frames that go over them beside the events.

Written on the pipes rather than on claude-agent-sdk's client: that drops events which it doesn't know, passes the
harness's whole environment on, and would cost every idle agent 3 MB; the frames are four.
"""

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from hive_harness.runtime import Listener, RuntimeDiedError
from hive_harness.runtime.processes import die_with_parent

LINE_LIMIT = 64 * 1024 * 1024
_STDERR_LIMIT = 16 * 1024
_CHUNK = 64 * 1024
_START_SECONDS = 60.0
_GRACE_SECONDS = 5.0

Json = dict[str, Any]  # Any: JSON of Claude Code


class ClaudeProcess:
    """`on_start` hears its pid, `on_event` its events, `on_stderr` its complaints, `on_exit` at last its exit code."""

    def __init__(
        self,
        on_event: Listener,
        on_stderr: Callable[[str], None],
        on_start: Callable[[int], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._on_event, self._on_stderr, self._on_start, self._on_exit = on_event, on_stderr, on_start, on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._asked: dict[str, asyncio.Future[Json]] = {}

    @property
    def pid(self) -> int | None:
        """The process, while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, command: list[str], env: dict[str, str], cwd: str) -> None:
        """Start it in a session of its own and wait until it takes prompts. Raises RuntimeDiedError."""
        parent = os.getpid()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=cwd,
                env=env,
                limit=_CHUNK,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        except OSError as error:
            raise RuntimeDiedError(f"Claude Code can't be started: {error}") from error
        self._on_start(self._process.pid)
        complaints = asyncio.create_task(self._read_stderr(self._process), name="claude-stderr")
        events = asyncio.create_task(self._read_events(self._process, complaints), name="claude-events")
        self._readers = [complaints, events]
        await self.request("initialize", _START_SECONDS, hooks=None)

    async def write(self, message: Json) -> None:
        """Write one message. Raises RuntimeDiedError."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise RuntimeDiedError("Claude Code is not running", process.returncode if process else None)
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()
        except OSError as error:
            raise RuntimeDiedError("Claude Code has closed its input", process.returncode) from error

    async def request(self, subtype: str, seconds: float, **fields: Any) -> Json:  # Any: JSON
        """Send a control request and return what it answers. Raises RuntimeDiedError, also when it refuses."""
        request_id = uuid.uuid4().hex
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._asked[request_id] = answer
        try:
            request = {"subtype": subtype, **fields}
            await self.write({"type": "control_request", "request_id": request_id, "request": request})
            response = await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            raise RuntimeDiedError(f"Claude Code does not answer {subtype}") from None
        finally:
            del self._asked[request_id]
        if response.get("subtype") == "error":
            raise RuntimeDiedError(f"Claude Code refuses {subtype}: {response.get('error')}")
        return cast(Json, response.get("response") or {})

    async def close(self) -> None:
        """End it: its input closed, so that it saves and leaves, then SIGTERM, then SIGKILL."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for end in (None, process.terminate, process.kill):
            if end is not None:
                with contextlib.suppress(ProcessLookupError):
                    end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
                break
        await self._stop_reading()

    async def _stop_reading(self) -> None:
        """Hear the rest; a pipe that a child of it still holds open is left."""
        _, late = await asyncio.wait(self._readers, timeout=0.5)
        for task in late:
            task.cancel()

    async def _read_events(self, process: asyncio.subprocess.Process, complaints: "asyncio.Task[None]") -> None:
        assert process.stdout is not None
        ended = asyncio.create_task(process.wait())
        try:
            async for line in _lines(process.stdout, LINE_LIMIT, ended):
                await self._take(_parse(line))
            code = await ended
            await asyncio.wait({complaints}, timeout=0.2)
        finally:
            ended.cancel()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(RuntimeDiedError(f"Claude Code ended with exit code {code}", code))
        self._on_exit(code)

    async def _take(self, event: Json | None) -> None:
        kind = event.get("type") if event else None
        if event is None or kind == "control_cancel_request":
            return
        if kind == "control_response":
            response = cast(Json, event.get("response") or {})
            answer = self._asked.get(str(response.get("request_id")))
            if answer is not None and not answer.done():
                answer.set_result(response)
        elif kind == "control_request":
            refusal = {"subtype": "error", "request_id": event.get("request_id"), "error": "not supported"}
            with contextlib.suppress(RuntimeDiedError):
                await self.write({"type": "control_response", "response": refusal})
        else:
            self._on_event(event)

    async def _read_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in _lines(process.stderr, _STDERR_LIMIT, None):
            text = line if isinstance(line, bytes) else b"(a very long line)"
            if text.strip():
                self._on_stderr(text.decode(errors="replace").rstrip())


async def _lines(
    stream: asyncio.StreamReader, limit: int, ended: "asyncio.Task[int] | None"
) -> AsyncIterator[bytes | int]:
    """Whole lines; for one longer than `limit`, its length. A child that holds the pipe open after the process
    `ended` keeps nobody waiting."""
    parts: list[bytes] = []
    size = 0
    while chunk := await _chunk(stream, ended):
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            size += len(piece)
            yield size if size > limit else b"".join([*parts, piece])
            parts, size = [], 0
        size += len(rest)
        parts = [*parts, rest] if size <= limit else []
    if parts and size:
        yield b"".join(parts)


async def _chunk(stream: asyncio.StreamReader, ended: "asyncio.Task[int] | None") -> bytes:
    if ended is None:
        return await stream.read(_CHUNK)
    reading = asyncio.ensure_future(stream.read(_CHUNK))
    await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not reading.done():
        await asyncio.wait({reading}, timeout=0.2)
    if not reading.done():
        reading.cancel()
        return b""
    return reading.result()


def _parse(line: bytes | int) -> Json | None:
    """The event in a line; one of our own making where the line holds none."""
    if isinstance(line, int):
        return {"type": "hive_unreadable", "text": f"an event of {line} bytes was left out"}
    if not line.strip():
        return None
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict):
        return cast(Json, event)
    return {"type": "hive_unreadable", "text": line[:4000].decode(errors="replace")}
