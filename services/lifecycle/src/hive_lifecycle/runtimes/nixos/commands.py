"""Runs the host's programs: their output as text or line by line, their end when we are cancelled.

Exit codes say no more than 0 or not: whoever calls looks afterwards at what became of it.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hive_lifecycle.runtimes.interface import Output
from hive_lifecycle.runtimes.nixos.lines import Lines

QUIET_SECONDS = 15.0
_PLAIN = {"LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "", "NO_COLOR": "1", "TERM": "dumb"}
_LAST_LINES = 60


@dataclass(frozen=True)
class Done:
    """How a program ended, and what it printed: all of it, or its last lines where they were handed on."""

    ok: bool
    out: str
    errors: str

    @property
    def reason(self) -> str:
        """Its last words, in one line."""
        lines = [line.strip() for line in (self.errors or self.out).splitlines() if line.strip()]
        return " / ".join(lines[-3:])[:500] or "it did not say why"


async def run(*argv: str, directory: Path | None = None, held: Sequence[int] = ()) -> Done:
    """Run a short program. The descriptors in `held` (locks) stay open until it has ended, should we end before."""
    try:
        async with _running(argv, directory, held, asyncio.subprocess.PIPE) as process:
            out, errors = await process.communicate()
    except OSError as missing:
        return Done(False, "", f"{argv[0]}: {missing.strerror}")
    return Done(process.returncode == 0, out.decode(errors="replace"), errors.decode(errors="replace"))


async def stream(
    *argv: str, output: Output, directory: Path | None = None, held: Sequence[int] = (), quiet: float = QUIET_SECONDS
) -> Done:
    """Run a long one: each line goes to `output` at once, and a word when there was none for `quiet` seconds."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        async with _running(argv, directory, held, asyncio.subprocess.STDOUT) as process:
            async for line in _lines(process, quiet, Path(argv[0]).name):
                last.append(line)
                output(line)
            await process.wait()
    except OSError as missing:
        return Done(False, "", f"{argv[0]}: {missing.strerror}")
    return Done(process.returncode == 0, "", "\n".join(last))


async def _lines(process: asyncio.subprocess.Process, quiet: float, name: str) -> AsyncIterator[str]:
    assert process.stdout is not None
    lines, silent = Lines(), 0.0
    reading = asyncio.ensure_future(process.stdout.read(65536))
    try:
        while True:
            done, _ = await asyncio.wait({reading}, timeout=quiet)
            if not done:
                silent += quiet
                yield f"({name} has printed nothing for {silent:g} s; it is still at work)"
                continue
            silent = 0.0
            if not (data := reading.result()):
                break
            for line in lines.feed(data):
                yield line
            reading = asyncio.ensure_future(process.stdout.read(65536))
        for line in lines.end():
            yield line
    finally:
        reading.cancel()


@asynccontextmanager
async def _running(
    argv: Sequence[str], directory: Path | None, held: Sequence[int], errors: int
) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=directory,
        env={**os.environ, **_PLAIN},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
        pass_fds=tuple(held),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            _kill_group(process.pid)
            await asyncio.shield(process.wait())


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def chunks(*argv: str) -> AsyncGenerator[bytes]:
    """What a program prints, piece by piece; it ends when the reader does. A program that is missing prints nothing."""
    try:
        async with _running(argv, None, (), asyncio.subprocess.DEVNULL) as process:
            assert process.stdout is not None
            while data := await process.stdout.read(1 << 16):
                yield data
            await process.wait()
    except OSError:
        return
