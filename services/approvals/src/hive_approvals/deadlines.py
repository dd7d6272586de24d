"""The watch over deadlines: ends each question whose time is over, right after it, or right after a start.

One timer, for the soonest deadline in the database; nothing is kept in memory. It looks again at least each second,
so that a clock that was set is noticed.
"""

import asyncio

import structlog
from hive_kit.database import Database
from hive_kit.times import microseconds
from hive_wire.errors import Refusal

from hive_approvals import questions
from hive_approvals.rows import now

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_BATCH = 2500
"""So many end in one transaction: few enough that nobody else waits long, many enough that the thousands that end in
one second do so before the telling of it gets in the way."""


class Deadlines:
    """Runs for as long as `run` runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake = asyncio.Event()
        database.on_commit(self._wake.set)

    async def run(self) -> None:
        """Watch until cancelled. A full disk only delays it."""
        while True:
            try:
                await self._watch()
            except Refusal as refusal:
                log.warning("deadlines_wait", code=refusal.code)
                await asyncio.sleep(_LOOK_SECONDS)

    async def _watch(self) -> None:
        while True:
            self._wake.clear()
            soonest = await self._database.read(questions.next_deadline)
            if soonest is None:
                await self._wake.wait()
                continue
            left = (soonest - microseconds(now())) / 1e6
            if left > 0:
                await self._sleep(min(left, _LOOK_SECONDS))
            else:
                await self._expire()

    async def _expire(self) -> None:
        count = _BATCH
        while count == _BATCH:
            count = await self._database.write(lambda c: questions.expire(c, now(), _BATCH))
            log.info("questions_expired", count=count)

    async def _sleep(self, seconds: float) -> None:
        """Sleep so long, or until something is committed."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
