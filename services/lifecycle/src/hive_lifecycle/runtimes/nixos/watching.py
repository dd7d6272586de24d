"""Telling containers' ends: at once by the end of their main process, and by a regular look at all of them with one
call for what others began.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from hive_lifecycle.runtimes.interface import Exited
from hive_lifecycle.runtimes.nixos.records import Run, container_folders
from hive_lifecycle.runtimes.nixos.running import Running
from hive_lifecycle.runtimes.nixos.units import SystemdSilent, Unit
from hive_lifecycle.runtimes.processes import Identity

log = structlog.get_logger()

_LOOK_SECONDS = 2.0
_SOON_SECONDS = 0.1


@dataclass(eq=False)
class Watch:
    """One listener. Call `look_soon` when a run has just begun."""

    root: Path
    running: Running
    _up: dict[str, Run] = field(default_factory=dict[str, Run])
    _told: dict[str, str] = field(default_factory=dict[str, str])
    _exits: deque[Exited] = field(default_factory=deque[Exited])
    _waits: dict[Identity, asyncio.Task[None]] = field(default_factory=dict[Identity, asyncio.Task[None]])
    _ending: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def exits(self) -> AsyncIterator[Exited]:
        """Every exit from now on; what has ended before the first look is not told."""
        first = True
        try:
            while True:
                try:
                    await self._look(first=first)
                    first = False
                except SystemdSilent as silent:
                    log.warning("containers_unknown", reason=str(silent))
                while self._exits:
                    yield self._exits.popleft()
                await self._wait_for_news()
        finally:
            for wait in self._waits.values():
                wait.cancel()

    def look_soon(self) -> None:
        self._news.set()

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), _SOON_SECONDS if self._ending else _LOOK_SECONDS)
        except TimeoutError:
            return
        self._news.clear()

    async def _look(self, *, first: bool) -> None:
        ours = container_folders(self.root)
        units = await self.running.units.look_at([folder.name for folder in ours])
        self._ending = False
        for folder in ours:
            unit = units[folder.name]
            run = self.running.noted(folder, unit)
            before = self._up.pop(folder.name, None)
            if before is not None and (run is None or before.invocation != run.invocation):
                self._exits.append(self.running.exit_of(folder, before, unit))
            if run is None or self._told.get(folder.name) == run.invocation:
                continue
            if unit.is_up and unit.invocation == run.invocation:
                self._up[folder.name] = run
                self._wait_for(unit)
                continue
            self._told[folder.name] = run.invocation
            if not first:
                self._exits.append(self.running.exit_of(folder, run, unit))

    def _wait_for(self, unit: Unit) -> None:
        process = unit.process
        if process is None:
            self._ending = True  # its process has gone, which systemd has not noticed yet
        elif process not in self._waits:
            self._waits[process] = asyncio.create_task(self._wait(process))

    async def _wait(self, process: Identity) -> None:
        await process.wait()
        self._waits.pop(process, None)
        self._news.set()
