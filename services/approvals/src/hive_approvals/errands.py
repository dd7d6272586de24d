"""What must be done outside the database until it is done: found in the database, woken by commits, tried for ever.

An errand that fails is tried again with a growing delay; the others go on meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from hive_kit.database import Database
from hive_wire.errors import Refusal
from sqlalchemy import Connection

log = structlog.get_logger()

_FIRST_DELAY = 0.25
_LONGEST_DELAY = 30.0


class Errands:
    """Does `errand` for each id that `waiting` finds, one at a time, for as long as `run` runs."""

    def __init__(
        self,
        name: str,
        database: Database,
        waiting: Callable[[Connection], list[int]],
        errand: Callable[[int], Awaitable[None]],
    ) -> None:
        self._name = name
        self._database = database
        self._waiting = waiting
        self._errand = errand
        self._wake = asyncio.Event()
        self._delays: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._ended: dict[int, asyncio.Event] = {}
        database.on_commit(self._wake.set)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            try:
                left = await self._pass()
            except Refusal as refusal:  # the list could not be read
                log.warning("errands_wait", errands=self._name, code=refusal.code)
                left = 1.0
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def ended(self, number: int, seconds: float) -> bool:
        """Wait until nothing waits for that id any more; False when it takes longer."""
        until = time.monotonic() + seconds
        while True:
            event = self._ended.setdefault(number, asyncio.Event())  # before the look, so that no end is missed
            if number not in await self._database.read(self._waiting):
                self._ended.pop(number, None)
                return True
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await event.wait()
            except TimeoutError:
                return False

    async def _pass(self) -> float | None:
        """Do all that can be done now; returns the seconds until something is to be tried again."""
        soonest: float | None = None
        for number in await self._database.read(self._waiting):
            left = self._not_before.get(number, 0.0) - time.monotonic()
            if left <= 0:
                left = await self._try(number)
            if left is not None:
                soonest = left if soonest is None else min(soonest, left)
        return soonest

    async def _try(self, number: int) -> float | None:
        """Seconds until the next try, None when it went well."""
        try:
            await self._errand(number)
        except Exception as error:  # the edge of a background loop: whatever it was, it is tried again
            delay = self._delays[number] = min(self._delays.get(number, _FIRST_DELAY / 2) * 2, _LONGEST_DELAY)
            self._not_before[number] = time.monotonic() + delay
            trace = None if isinstance(error, Refusal) else error
            log.error("errand_failed", errand=self._name, id=number, error=str(error), again=delay, exc_info=trace)
            return delay
        self._delays.pop(number, None)
        self._not_before.pop(number, None)
        event = self._ended.pop(number, None)
        if event is not None:
            event.set()
        return None
