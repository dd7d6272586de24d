"""Starts the broker: opens its database, answers its verbs, fires reminders, follows other services' events, sweeps."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
import uvloop
from hive_kit.bus import Service
from hive_kit.database import Database
from hive_kit.host import Host, run
from hive_kit.ledger import Ledger, write_persistently
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
    for ledger in notices.LEDGERS:
        host.background(_tell_notices(host, database, arrivals, ledger), f"notices {ledger.subject}")
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


async def _tell_notices(host: Host[BrokerSettings], database: Database, arrivals: Arrivals, ledger: Ledger) -> None:
    async for envelope in ledger.events(host.bus, database):
        await write_persistently(
            database,
            lambda c, envelope=envelope: notices.take_in(c, ledger, envelope, datetime.now(UTC)),
            then=lambda names: _announce(arrivals, names),
        )


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
