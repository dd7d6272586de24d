"""A service as a process of its own, started as in production: with a settings file and a readiness socket."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hive_kit.testing.preloaded import PreloadedProcess, start

_READY_SECONDS = 120.0


class ServiceProcess:
    """`python -m <module> --settings <file>`, with its log in the test's folder. `preloaded`: forked from a process
    that has the module loaded; its memory and its start are not those of production then."""

    def __init__(
        self,
        module: str,
        settings: dict[str, Any],  # Any: JSON values
        folder: Path,
        *,
        preloaded: bool = True,
    ) -> None:
        self._module = module
        self._preloaded = preloaded and module.startswith("hive_")
        self._settings = folder / f"{module}.settings.json"
        self._settings.write_text(json.dumps(settings))
        self._log = folder / f"{module}.log"
        self._process: subprocess.Popen[bytes] | PreloadedProcess | None = None

    @property
    def pid(self) -> int:
        """The running process. Raises AssertionError when there is none."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that it printed so far."""
        return self._log.read_text()

    async def start(self, **environment: str) -> None:
        """Start and wait until it says that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            address = f"\0hive-test-{os.getpid()}-{time.monotonic_ns()}"
            ready.bind(address)
            ready.setblocking(False)
            self.spawn(NOTIFY_SOCKET="@" + address[1:], **environment)
            await self._wait_for_ready(ready)

    def spawn(self, **environment: str) -> None:
        """Start without waiting."""
        arguments, whole = ["--settings", str(self._settings)], {**os.environ, **environment}
        if self._preloaded:
            self._process = start(self._module, arguments, whole, self._log)
            return
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", self._module, *arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=whole)

    def kill(self) -> None:
        """`kill -9`; nothing happens when it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def terminate(self) -> int:
        """SIGTERM; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await self.wait()

    async def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, 60)

    async def _wait_for_ready(self, ready: socket.socket) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            try:
                message = await asyncio.wait_for(loop.sock_recv(ready, 4096), 0.2)
            except TimeoutError:
                message = b""
            if b"READY=1" in message:
                return
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self._module} did not get ready:\n{self.log}")
