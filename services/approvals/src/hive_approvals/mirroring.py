"""Copies of applied repositories on a forge: pushed after ref changes and all at start, never in anybody's way."""

import asyncio
from pathlib import Path

import structlog

from hive_approvals.mirror import Mirror

log = structlog.get_logger()

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 300.0


class Mirroring:
    """Pushes for as long as `run` runs."""

    def __init__(self, mirror: Mirror, applied: Path) -> None:
        self._mirror = mirror
        self._applied = applied
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()

    def refs_changed(self, agent: str) -> None:
        """Its repository is to be pushed."""
        self._waiting.add(agent)
        self._wake.set()

    async def run(self) -> None:
        """Push until cancelled; what fails is pushed again later."""
        for agent in await asyncio.to_thread(_names, self._applied):
            self.refs_changed(agent)
        delay = _FIRST_DELAY
        while True:
            await self._wake.wait()
            self._wake.clear()
            failed = await self._push_all()
            delay = min(delay * 2, _LONGEST_DELAY) if failed else _FIRST_DELAY
            self._waiting.update(failed)
            if failed:
                await self._look_again(delay)

    async def _look_again(self, seconds: float) -> None:
        """Wait so long, or until other refs have changed."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            self._wake.set()

    async def _push_all(self) -> list[str]:
        agents, self._waiting = sorted(self._waiting), set()
        return [agent for agent in agents if not await self._push(agent)]

    async def _push(self, agent: str) -> bool:
        folder = self._applied / agent
        try:
            return not folder.is_dir() or await asyncio.to_thread(self._mirror.push, agent, folder)
        except Exception as error:  # the edge of a background loop: a forge never stands in the way
            log.warning("mirror_failed", agent=agent, error=type(error).__name__)
            return False


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
