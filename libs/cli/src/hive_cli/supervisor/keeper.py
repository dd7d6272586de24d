"""Keeps one process up: starts it in a session of its own, waits until it is ready, starts it again when it dies.

A process that ends by itself before it was ever ready is a failed start, not something to repeat."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

import structlog

from hive_cli.problems import Problem
from hive_cli.supervisor.plan import Process
from hive_cli.supervisor.process_id import ProcessId
from hive_cli.supervisor.readiness import NotifySocket, wait_for_greeting

log = structlog.get_logger()

FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0
# A process that was up for this long is thought well again.
STEADY_SECONDS = 10.0
TAIL_LINES = 8
# Before it was ever ready, somebody may kill it; a crash by signal looks the same and comes again.
MOST_FIRST_STARTS = 5
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Keeper:
    """One process of the plan, from its start to the swarm's end. `on_change` is called when pid or state moved."""

    def __init__(self, process: Process, sockets: Path, on_change: Callable[[], None]) -> None:
        self.process = process
        self.current: ProcessId | None = None
        self.restarts = 0
        self.ready = asyncio.Event()
        self._on_change = on_change
        self._socket_path = sockets / process.name
        self._stopping = asyncio.Event()
        self._running: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Runs until `stop`. Raises Problem when the first start fails."""
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            code = await self._run_logged()
            if self._stopping.is_set():
                return
            if not self.ready.is_set() and (code >= 0 or self.restarts == MOST_FIRST_STARTS):
                raise Problem(f"{self.process.name} did not start ({_ended(code)}){self._tail()}")
            steady = asyncio.get_running_loop().time() - began > STEADY_SECONDS
            delay = FIRST_DELAY if steady else delay
            self.restarts += 1
            log.warning("process_ended", process=self.process.name, how=_ended(code), again_in_seconds=delay)
            await _sleep_unless(self._stopping, delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def stop(self) -> None:
        """SIGTERM, then after the process's own time SIGKILL to all of its session's group."""
        self._stopping.set()
        running, current = self._running, self.current
        if running is None or current is None:
            return
        current.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(running.wait(), self.process.stop_seconds)
        except TimeoutError:
            log.warning("process_killed", process=self.process.name, after_seconds=self.process.stop_seconds)
            current.signal(signal.SIGKILL, group=True)
            await running.wait()
        log.info("process_stopped", process=self.process.name)

    async def _run_logged(self) -> int:
        try:
            return await self._run_once()
        except OSError as error:  # no memory or no descriptors for a new process, just now
            log.error("process_not_started", process=self.process.name, error=str(error))
            return 1

    async def _run_once(self) -> int:
        notify = NotifySocket(self._socket_path)
        try:
            self._running = running = await self._spawn()
            self.current = ProcessId.of(running.pid)
            self._on_change()
            if self._stopping.is_set():  # stop() came while it was being started
                await self.stop()
            await self._until_ready(running, notify)
            return await running.wait()
        except ProcessLookupError:  # it was gone before it could be looked at
            return await self._running.wait() if self._running else 1
        finally:
            self.current = None
            self._running = None
            notify.close()

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.process.log.parent.mkdir(parents=True, exist_ok=True)
        supervisor = os.getpid()

        def end_with_supervisor() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:
                os._exit(1)

        environment = {**os.environ, "NOTIFY_SOCKET": str(self._socket_path), "PYTHONUNBUFFERED": "1"}
        with self.process.log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self.process.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
                preexec_fn=end_with_supervisor,
            )

    async def _until_ready(self, running: asyncio.subprocess.Process, notify: NotifySocket) -> None:
        """Returns when it is ready or has ended; raises Problem when the first start takes too long."""
        port = self.process.port
        said = asyncio.ensure_future(wait_for_greeting(port) if port else notify.ready.wait())
        ended = asyncio.ensure_future(running.wait())
        try:
            within = self.process.ready_seconds
            await asyncio.wait({said, ended}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if said.done():
                log.info("process_ready", process=self.process.name, pid=running.pid)
                self.ready.set()
                self._on_change()
            elif not ended.done():
                await self._give_up(running)
        finally:
            said.cancel()
            ended.cancel()

    async def _give_up(self, running: asyncio.subprocess.Process) -> None:
        if self.current is not None:
            self.current.signal(signal.SIGKILL, group=True)
        await running.wait()
        if not self.ready.is_set():
            seconds = f"{self.process.ready_seconds:g} s"
            raise Problem(f"{self.process.name} was not ready within {seconds}{self._tail()}", code="timeout")

    def _tail(self) -> str:
        try:
            lines = self.process.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        except FileNotFoundError:
            lines = []
        return f"; its log {self.process.log} ends:\n" + "\n".join(f"  {line}" for line in lines)


async def _sleep_unless(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
