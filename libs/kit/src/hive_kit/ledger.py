"""Other services' events with an effect in one's own database: each once, for ever, whatever is killed when.

The ledger keeps, in the transaction of the effect, how far the stream was followed and the ids of the events that had
their effect. What the effect is, is each service's matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from hive_wire.errors import Refusal
from hive_wire.subjects import STREAM
from sqlalchemy import Connection

from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_kit.stream import Envelope, Position, StreamReset, follow, stream_start

log = structlog.get_logger()

T = TypeVar("T")

_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Ledger:
    """Follows the events on `subject`. `name` tells several ledgers of one database apart."""

    subject: str
    name: str = STREAM

    async def events(self, bus: Bus, database: Database) -> AsyncIterator[Envelope]:
        """Every event behind the stored position, for ever; after a reset of the stream from the oldest that there
        is: those that had their effect are known by their ids."""
        position = await database.read(self.position)
        while True:
            if position is None:
                position = await stream_start(bus)
            try:
                async for envelope in follow(bus, position, self.subject):
                    yield envelope
            except StreamReset as reset:
                log.warning("events_followed_anew", subject=self.subject, reason=str(reset))
                position = None

    def position(self, connection: Connection) -> Position | None:
        """How far the events have been followed; None before the first."""
        row = connection.exec_driver_sql(
            "SELECT created, seq FROM stream_position WHERE stream = ?", (self.name,)
        ).one_or_none()
        return Position(row.created, row.seq) if row else None

    def move_to(self, connection: Connection, to: Position) -> None:
        """All events up to there are done with."""
        connection.exec_driver_sql(
            "INSERT INTO stream_position (stream, created, seq) VALUES (?, ?, ?)"
            " ON CONFLICT (stream) DO UPDATE SET created = excluded.created, seq = excluded.seq",
            (self.name, to.created, to.seq),
        )

    def enter(self, connection: Connection, envelope: Envelope) -> bool:
        """Note the event, in the transaction of its effect; False when it had its effect before."""
        self.move_to(connection, envelope.position)
        fresh = connection.exec_driver_sql(
            "INSERT INTO seen_events (id) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (envelope.id,)
        ).scalar()
        return fresh is not None


async def write_persistently(
    database: Database, work: Callable[[Connection], T], then: Callable[[T], None] | None = None
) -> T:
    """What must be stored for things to go on: when the database refuses (a full disk), again until it fits."""
    while True:
        try:
            return await database.write(work, then)
        except Refusal as refusal:
            log.warning("write_waits", code=refusal.code)
            await asyncio.sleep(_RETRY_SECONDS)
