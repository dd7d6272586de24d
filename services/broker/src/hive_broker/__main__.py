"""Starts the broker: opens its database, answers its verbs, fires reminders, follows other services' events, sweeps."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
import uvloop
from hive_kit.bus import Service
from hive_kit.database import Database
from hive_kit.host import Host, run
from hive_kit.stream import Envelope, StreamReset, follow, stream_start
from hive_kit.version import VERSION
from hive_wire import broker as wire
from hive_wire.errors import Refusal

from hive_broker import notices, recipients, reminders, retention
from hive_broker.arrivals import Arrivals
from hive_broker.bus import MessageDoor, ReminderDoor
from hive_broker.file_refs import FileRefs
from hive_broker.reminder_clock import ReminderClock
from hive_broker.settings import BrokerSettings
from hive_broker.shared_folders import SharedFolders

log = structlog.get_logger()


async def compose(host: Host[BrokerSettings]) -> None:
    """Open and start everything."""
    database = await host.open_database("hive_broker")
    arrivals = Arrivals()
    service, clock = await _doors(host, database, arrivals)
    await host.relay_events(database)
    await host.answer(service)
    await service.announce([inbox.name for inbox in await database.read(recipients.open_inboxes)])
    host.background(clock.run(), "reminders")
    for subjects in notices.FOLLOWED:
        host.background(_tell_notices(host, database, arrivals, subjects), f"notices {subjects}")
    host.background(_sweep_for_ever(host.settings, database), "sweep")


async def _doors(host: Host[BrokerSettings], database: Database, arrivals: Arrivals) -> tuple[Service, ReminderClock]:
    settings = host.settings
    folders = SharedFolders(settings.state)
    file_refs = FileRefs(folders)
    limits = reminders.Limits(
        settings.max_body_bytes,
        settings.max_reminders,
        settings.reminder_retry_base_seconds,
        settings.reminder_retry_max_seconds,
    )
    clock = ReminderClock(database, arrivals, folders, file_refs, limits)
    allowed = await database.read(recipients.allow_lists)
    doors = (
        MessageDoor(settings, database, arrivals, file_refs, clock, allowed),
        ReminderDoor(settings, limits, database, folders, clock),
    )
    service = Service(host.bus, wire.SERVICE, VERSION, "Inboxes and delivery")
    for door in doors:
        door.add_to(service)
    return service, clock


async def _tell_notices(host: Host[BrokerSettings], database: Database, arrivals: Arrivals, subjects: str) -> None:
    position = await database.read(lambda c: notices.position(c, subjects))
    if position is None:
        position = await stream_start(host.bus)
    while True:
        try:
            async for envelope in follow(host.bus, position, subjects):
                await _take_in(database, arrivals, subjects, envelope)
        except StreamReset as reset:
            # from the oldest event there is: those that had their effect are known by their ids
            log.warning("events_followed_anew", reason=str(reset))
            position = await stream_start(host.bus)


async def _take_in(database: Database, arrivals: Arrivals, subjects: str, envelope: Envelope) -> None:
    """Store an event's effect; on a full disk, try again until it fits: an event is never skipped."""
    while True:
        try:
            await database.write(
                lambda c: notices.take_in(c, subjects, envelope, datetime.now(UTC)),
                then=lambda names: _announce(arrivals, names),
            )
        except Refusal as refusal:
            log.warning("notice_waits", code=refusal.code)
            await asyncio.sleep(1.0)
        else:
            return


def _announce(arrivals: Arrivals, names: list[str]) -> None:
    for name in names:
        arrivals.announce(name)


async def _sweep_for_ever(settings: BrokerSettings, database: Database) -> None:
    keep = timedelta(days=settings.retention_days)
    while True:
        try:
            removed = retention.SWEEP_LIMIT
            while removed == retention.SWEEP_LIMIT:
                removed = await database.write(lambda c: retention.sweep(c, datetime.now(UTC), keep))
        except Refusal as refusal:
            log.warning("sweep_waits", code=refusal.code)
        await asyncio.sleep(settings.sweep_seconds)


if __name__ == "__main__":
    run(BrokerSettings.from_arguments(), compose, uvloop.new_event_loop)
