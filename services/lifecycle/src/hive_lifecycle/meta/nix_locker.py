"""Locks inputs with nix itself: `nix flake lock` on a copy of the two files, in words that all versions since 2.8 know.

An agent's commit is given by `--override-input`, which leaves what flake.nix says as the original, and so needs no
second file. What came out is accepted only when nix takes it without changing it.
"""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hive_lifecycle.meta.errors import broken_lock
from hive_lifecycle.meta.files import FLAKE, LOCK
from hive_lifecycle.meta.in_thread import in_thread
from hive_lifecycle.meta.lock_file import LockFile, parse
from hive_lifecycle.meta.locker import LockRequest, Output, PinnedInput

_ALWAYS = ("--extra-experimental-features", "nix-command flakes", "--option", "flake-registry", "")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TOLD = 8


@dataclass(frozen=True)
class NixLocker:
    """The locker of hosts with nix. `scratch` is a folder for its copies; without network: `offline`.

    HOME and the XDG folders are the service's own: git's `safe.directory` there says whose repositories may be read.
    """

    nix: Path
    scratch: Path
    offline: bool = False

    async def lock(self, request: LockRequest, output: Output) -> LockFile:
        """As `Locker.lock`."""
        folder = await in_thread(self._folder, request)
        try:
            overrides = [word for name, pinned in request.pins.items() for word in _override(name, pinned)]
            fresh = () if self.offline else ("--refresh",)
            await self._run(["flake", "lock", *fresh, *overrides, _reference(folder)], output)
            lock = parse((folder / LOCK).read_text(encoding="utf-8"))
            await self._run(["flake", "metadata", "--no-update-lock-file", "--json", _reference(folder)], output)
            return lock
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, request: LockRequest) -> Path:
        """A copy beside those of others; what a killed process left goes."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        (folder / FLAKE).write_text(request.flake, encoding="utf-8")
        (folder / LOCK).write_text(request.lock.text(), encoding="utf-8")
        return folder

    async def _run(self, words: Sequence[str], output: Output) -> None:
        """Run nix; its messages go to `output` line by line. Refuses `broken_lock` when it fails."""
        process = await self._start(words)
        last = deque[str](maxlen=_TOLD)
        try:
            async for line in _lines(_piped(process)):
                last.append(line)
                output(line)
            code = await process.wait()
        finally:
            await _end(process)
        if code != 0:
            raise broken_lock(f"nix could not lock the swarm's flake (exit code {code}): {' '.join(last)}")

    async def _start(self, words: Sequence[str]) -> asyncio.subprocess.Process:
        options = (*_ALWAYS, *(("--offline",) if self.offline else ()))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            return await asyncio.create_subprocess_exec(
                self.nix, *options, *words, cwd=self.scratch, env=environment, start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise broken_lock(f"{self.nix} can't be run: {error.strerror}") from error


def _override(name: str, pinned: PinnedInput) -> tuple[str, str, str]:
    place = pinned.repository.absolute().as_uri()
    return ("--override-input", name, f"git+{place}?ref={quote(pinned.pin.branch)}&rev={pinned.pin.commit}")


def _reference(folder: Path) -> str:
    return f"path:{quote(str(folder))}"


def _piped(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stderr is None:
        raise RuntimeError("a pipe was asked for")
    return process.stderr


async def _lines(stream: asyncio.StreamReader) -> AsyncGenerator[str]:
    rest = b""
    while piece := await stream.read(1 << 16):
        *whole, rest = re.split(rb"[\r\n]", rest + piece)
        for line in whole:
            if line:
                yield _clean(line)
    if rest:
        yield _clean(rest)


def _clean(line: bytes) -> str:
    return _ESCAPES.sub("", line.decode(errors="replace"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it goes on, also when the caller was cancelled."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
