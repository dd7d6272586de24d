"""The pipe to one Claude Code process: every event is kept as it came, only control frames go to the SDK.

The SDK's own transport drops events that it doesn't know and passes the harness's environment on.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from claude_agent_sdk import CLIConnectionError, Transport

from hive_harness.runtime import Listener
from hive_harness.runtime.processes import die_with_parent

LINE_LIMIT = 64 * 1024 * 1024
_STDERR_LIMIT = 16 * 1024
_CONTROL = frozenset({"control_response", "control_request", "control_cancel_request"})
_CHUNK = 256 * 1024


class ClaudeProcess(Transport):
    """One process: `on_event` hears its events, `on_stderr` its complaints, `on_exit` its end."""

    def __init__(
        self,
        command: list[str],
        env: dict[str, str],
        cwd: str,
        on_event: Listener,
        on_stderr: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._command, self._env, self._cwd = command, env, cwd
        self._on_event, self._on_stderr, self._on_exit = on_event, on_stderr, on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._stderr: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process, while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def connect(self) -> None:
        """Start the process in a session of its own."""
        parent = os.getpid()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._cwd,
            env=self._env,
            limit=_CHUNK,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
        self._stderr = asyncio.create_task(self._read_stderr(self._process))

    async def write(self, data: str) -> None:
        """Write a line (or lines) of JSON."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise CLIConnectionError("Claude Code is not running")
        try:
            process.stdin.write(data.encode())
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise CLIConnectionError("Claude Code has closed its input") from error

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:  # type: ignore[override]  # Any: the SDK's signature
        """Yield the control frames; everything else goes to `on_event`. Raises when the process has ended."""
        assert self._process is not None and self._process.stdout is not None
        async for line in _lines(self._process.stdout):
            event = _parse(line)
            if event is None:
                continue
            if event.get("type") in _CONTROL:
                yield event
            else:
                self._on_event(event)
        code = await self._process.wait()
        if self._stderr is not None:
            await asyncio.wait([self._stderr], timeout=1)
        self._on_exit(code)
        raise CLIConnectionError(f"Claude Code ended with exit code {code}")

    async def end_input(self) -> None:
        """Close its input: an idle Claude Code then ends by itself."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def wait(self, seconds: float) -> bool:
        """Whether the process ended within `seconds`."""
        if self._process is None:
            return True
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End the process: input closed, then SIGTERM, then SIGKILL."""
        process = self._process
        if process is None:
            return
        await self.end_input()
        if not await self.wait(5):
            process.terminate()
            if not await self.wait(5):
                process.kill()
                await process.wait()
        if self._stderr is not None:
            self._stderr.cancel()

    def is_ready(self) -> bool:
        """Whether the process is up."""
        return self.pid is not None

    async def _read_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in _lines(process.stderr, _STDERR_LIMIT):
            text = line if isinstance(line, bytes) else b"(a very long line)"
            if text.strip():
                self._on_stderr(text.decode(errors="replace").rstrip())


async def _lines(stream: asyncio.StreamReader, limit: int = LINE_LIMIT) -> AsyncIterator[bytes | int]:
    """Whole lines; for one longer than `limit`, its length."""
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(_CHUNK):
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            size += len(piece)
            yield size if size > limit else b"".join([*parts, piece])
            parts, size = [], 0
        size += len(rest)
        parts = [*parts, rest] if size <= limit else []
    if parts and size:
        yield b"".join(parts)


def _parse(line: bytes | int) -> dict[str, Any] | None:  # Any: an event as it came
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
        return cast("dict[str, Any]", event)
    return {"type": "hive_unreadable", "text": line[:4000].decode(errors="replace")}
