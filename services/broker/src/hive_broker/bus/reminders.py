"""Answers what is about reminders."""

import time
from datetime import UTC, datetime

from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_wire import broker as wire
from hive_wire.names import OPERATOR

from hive_broker import reminder_files, reminders
from hive_broker.reminder_clock import ReminderClock
from hive_broker.send_rate import SendRate
from hive_broker.settings import BrokerSettings
from hive_broker.shared_folders import SharedFolders


class ReminderDoor:
    """Decodes requests, calls the nouns in one write or read, wakes the clock."""

    def __init__(
        self,
        settings: BrokerSettings,
        limits: reminders.Limits,
        database: Database,
        folders: SharedFolders,
        clock: ReminderClock,
    ) -> None:
        self._limits = limits
        self._database = database
        self._folders = folders
        self._clock = clock
        self._rate = SendRate(settings.sends_per_second, settings.send_burst)

    def add_to(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.REMIND, self.remind)
        service.add(wire.REMINDERS, self.reminders)
        service.add(wire.CANCEL_REMINDER, self.cancel_reminder)

    async def remind(self, caller: Caller, request: wire.RemindRequest) -> wire.Reminder:
        if caller.principal != OPERATOR:
            self._rate.admit(caller.principal, time.monotonic())
        if request.file_path is not None:
            reminder_files.place_of(self._folders, caller.principal, request.file_path)
        now = datetime.now(UTC)
        return await self._database.write(
            lambda c: reminders.remind(c, caller.principal, request, now, self._limits),
            then=lambda reminder: self._clock.look(reminder.due),
        )

    async def reminders(self, caller: Caller, request: wire.RemindersRequest) -> wire.ReminderList:
        return await self._database.read(lambda c: reminders.listed(c, caller.principal, request))

    async def cancel_reminder(self, caller: Caller, request: wire.ReminderId) -> wire.Reminder:
        now = datetime.now(UTC)
        return await self._database.write(lambda c: reminders.cancel(c, caller.principal, request, now))
