"""Telling exits at once: a pidfd per running shim, whoever started it, and a regular look at the folders
for runs that other processes began.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hive_lifecycle.runtimes.folder import AgentFolder, Run, folders
from hive_lifecycle.runtimes.interface import Exited

_LOOK_SECONDS = 2.0


def exit_of(folder: AgentFolder, run: Run) -> Exited:
    """How a run ended that is over; unknown when its shim was killed before it could say."""
    recorded = folder.ended(run)
    return recorded or Exited(folder.name, run.run_id, None, None, False, datetime.now(UTC))


@dataclass(eq=False)
class Watch:
    """One listener. Call `look_soon` when a run has just begun."""

    root: Path
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _exits: deque[Exited] = field(default_factory=deque[Exited])
    _waits: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def exits(self) -> AsyncIterator[Exited]:
        """Every exit from now on; what has ended before the first look is not told."""
        self._look(first=True)
        try:
            while True:
                while self._exits:
                    yield self._exits.popleft()
                await self._wait_for_news()
                self._look()
        finally:
            for wait in self._waits:
                wait.cancel()

    def look_soon(self) -> None:
        self._news.set()

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
        except TimeoutError:
            return
        self._news.clear()

    def _look(self, *, first: bool = False) -> None:
        for folder in folders(self.root):
            run = folder.run()
            if run is None or self._known.get(folder.name) == run.run_id:
                continue
            self._known[folder.name] = run.run_id
            if not first or run.shim.is_alive():
                wait = asyncio.create_task(self._wait(folder, run))
                self._waits.add(wait)
                wait.add_done_callback(self._waits.discard)

    async def _wait(self, folder: AgentFolder, run: Run) -> None:
        await run.shim.wait()
        self._exits.append(exit_of(folder, run))
        self._news.set()
