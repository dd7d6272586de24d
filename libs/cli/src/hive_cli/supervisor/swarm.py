"""One run of a swarm: all its processes up, the address to open, and everything ended in order."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import structlog
from hive_kit.bus import Bus
from hive_kit.swarm import SwarmConfig
from hive_wire import dashboard, lifecycle
from hive_wire.errors import Refusal
from hive_wire.model import Empty

from hive_cli.connection import operator_bus
from hive_cli.problems import Problem
from hive_cli.supervisor import newcomers, record
from hive_cli.supervisor.keeper import Keeper
from hive_cli.supervisor.logs import rotate
from hive_cli.supervisor.plan import Process, processes
from hive_cli.supervisor.process_id import ProcessId

log = structlog.get_logger()

START_SECONDS = 60.0
SUSPEND_SECONDS = 20.0
STOP_ALL_SECONDS = 20.0


class Run:
    """Made while the lock is held and the state folder is complete."""

    def __init__(self, swarm: SwarmConfig) -> None:
        self._swarm = swarm
        self._me = ProcessId.of(os.getpid())
        self._status = record.Record(pid=self._me.pid, born=self._me.born, demo=swarm.model_base_url is not None)
        self._sockets = Path(tempfile.mkdtemp(prefix="hive-"))
        self._plan = processes(swarm)
        self._keepers = {process.name: self._keeper(process) for process in self._plan}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> str:
        """Returns the address to open when every process is ready. Raises Problem when one is not."""
        for process in self._plan:
            rotate(process.log)
        self._write()
        log.info("starting", state=str(self._swarm.state))
        for name, keeper in reversed(self._keepers.items()):
            self._tasks[name] = asyncio.create_task(keeper.keep(), name=name)
        await self._until_ready()
        address = await self._address()
        log.info("ready")
        self._status = self._status.model_copy(update={"status": "ready"})
        self._write()
        return address

    async def stop(self) -> None:
        """Ends everything, agents first. Repeated or after a failed start, it ends what there is."""
        self._status = self._status.model_copy(update={"status": "stopping"})
        self._write()
        log.info("stopping")
        suspended = await self._suspend()
        for name, keeper in self._keepers.items():
            await keeper.stop()
            task = self._tasks.get(name)
            if task is not None:
                with contextlib.suppress(Problem):
                    await task
        if not suspended:
            await stop_all_agents(self._swarm)
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._swarm.supervisor.unlink(missing_ok=True)

    def _keeper(self, process: Process) -> Keeper:
        return Keeper(process, self._sockets, self._write)

    async def _until_ready(self) -> None:
        waits = [asyncio.create_task(keeper.ready.wait()) for keeper in self._keepers.values()]
        everyone = asyncio.gather(*waits)
        try:
            done, _ = await asyncio.wait(
                {everyone, *self._tasks.values()}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done - {everyone}:
                task.result()
            if not everyone.done():
                late = [name for name, keeper in self._keepers.items() if not keeper.ready.is_set()]
                raise Problem(f"{', '.join(late)} not ready within {START_SECONDS:g} s", code="timeout")
        finally:
            everyone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await everyone

    async def _address(self) -> str:
        async with operator_bus(self._swarm) as bus:
            try:
                if self._swarm.model_base_url:
                    await newcomers.welcome(bus)
                return await make_address(bus)
            except Refusal as refusal:
                raise Problem(refusal.message, refusal.code) from refusal

    async def _suspend(self) -> bool:
        """Whether lifecycle stopped all agents, keeping in mind which ones shall run."""
        keeper = self._keepers["lifecycle"]
        if keeper.current is None or not keeper.ready.is_set():
            return False
        try:
            async with operator_bus(self._swarm) as bus:
                await bus.call(lifecycle.SUSPEND, Empty(), timeout=SUSPEND_SECONDS)
        except (Refusal, Problem) as error:
            log.warning("suspend_failed", error=str(error))
            return False
        log.info("agents_suspended")
        return True

    def _write(self) -> None:
        children = {
            name: record.Child(
                pid=keeper.current.pid,
                born=keeper.current.born,
                restarts=keeper.restarts,
                ready=keeper.ready.is_set(),
            )
            for name, keeper in self._keepers.items()
            if keeper.current is not None
        }
        record.write(self._swarm.supervisor, self._status.model_copy(update={"children": children}))


async def make_address(bus: Bus) -> str:
    """The page's address with a login code that works once."""
    return (await bus.call(dashboard.MAKE_LOGIN_CODE, Empty())).address


async def stop_all_agents(swarm: SwarmConfig) -> None:
    """The last resort, without lifecycle: the runtime ends every agent that it finds in its folder."""
    if not any(swarm.runtime.glob("*")):
        return
    command = (sys.executable, "-m", "hive_lifecycle.runtimes", "stop-all", str(swarm.runtime))
    with swarm.log("supervisor").open("ab") as output:
        ending = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            await asyncio.wait_for(ending.wait(), STOP_ALL_SECONDS)
        except TimeoutError:
            ending.kill()
            await ending.wait()
