"""Fires reminders when they are due: one timer on the soonest, in batches, the files written before the transaction."""

import asyncio
from datetime import UTC, datetime
from typing import NoReturn

import structlog
from hive_kit.database import Database
from hive_kit.times import microseconds
from hive_wire.broker import Reminder
from hive_wire.errors import Refusal
from hive_wire.names import SYSTEM

from hive_broker import due_reminders, reminder_files
from hive_broker.arrivals import Arrivals
from hive_broker.due_reminders import Ready
from hive_broker.file_refs import FileRefs
from hive_broker.reminders import Limits
from hive_broker.shared_folders import SharedFolders

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
"""How often the wall clock is compared, at least: it may have been set meanwhile."""
_NEVER = 1 << 62


class ReminderClock:
    """Turns due reminders into messages for as long as `run` runs. One event loop."""

    def __init__(
        self, database: Database, arrivals: Arrivals, folders: SharedFolders, file_refs: FileRefs, limits: Limits
    ) -> None:
        self._database = database
        self._arrivals = arrivals
        self._folders = folders
        self._file_refs = file_refs
        self._limits = limits
        self._soonest = _NEVER
        self._sooner = asyncio.Event()

    def look(self, at: datetime) -> None:
        """A reminder is due at that time, perhaps sooner than those that are known."""
        if microseconds(at) < self._soonest:
            self._sooner.set()

    async def run(self) -> NoReturn:
        """Fire what is overdue, then wait for the next. Survives a full disk."""
        while True:
            self._sooner.clear()
            self._soonest = _NEVER  # whatever is set from here on wakes it, whether the query below sees it or not
            try:
                while await self._fire_batch():
                    pass
                soonest = await self._database.read(due_reminders.next_attempt)
            except Refusal as refusal:
                log.warning("reminders_wait", code=refusal.code)
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if soonest is not None:
                self._soonest = soonest
            await self._wait()

    async def _wait(self) -> None:
        while not self._sooner.is_set():
            left = (self._soonest - microseconds(datetime.now(UTC))) / 1e6
            if left <= 0:
                return
            try:
                async with asyncio.timeout(min(left, _LOOK_SECONDS) if self._soonest < _NEVER else None):
                    await self._sooner.wait()
            except TimeoutError:
                continue

    async def _fire_batch(self) -> bool:
        """Whether there may be more."""
        due = await self._database.read(lambda c: due_reminders.due(c, datetime.now(UTC)))
        if not due:
            return False
        on_disk = any(reminder.file_path or self._file_refs.may_be_in(reminder.message) for reminder in due)
        ready = await asyncio.to_thread(self._make_ready, due) if on_disk else self._make_ready(due)
        told = await self._database.write(
            lambda c: due_reminders.fire(c, ready, datetime.now(UTC), self._limits), then=self._announce
        )
        log.info("reminders_fired", due=len(due), owners=len(told))
        return len(due) == due_reminders.FIRE_BATCH

    def _announce(self, owners: set[str]) -> None:
        for owner in owners:
            self._arrivals.announce(owner)

    def _make_ready(self, due: list[Reminder]) -> dict[int, Ready]:
        return {reminder.id: self._ready(reminder) for reminder in due}

    def _ready(self, reminder: Reminder) -> Ready:
        if reminder.file_path is not None:
            return self._written(reminder, reminder.file_path)
        found = None
        if self._file_refs.may_be_in(reminder.message):
            found = self._file_refs.find(reminder.message, SYSTEM, reminder.owner)
        return Ready(due_reminders.text_of(reminder, None), found)

    def _written(self, reminder: Reminder, path: str) -> Ready:
        """The same text at the same place as often as it takes: a kill between this and the commit repeats it."""
        try:
            place = reminder_files.place_of(self._folders, reminder.owner, path)
            reminder_files.write(self._folders, place, reminder.id, reminder.message)
        except Refusal as refusal:
            return Ready(error=f"{path}: {refusal.message}")
        except OSError as error:
            return Ready(error=f"{path}: {error.strerror}")
        return Ready(due_reminders.text_of(reminder, path), self._file_refs.of_place(path, place, reminder.owner))
