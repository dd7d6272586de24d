"""The transactional outbox: events committed with the change they tell of, published to the stream in order.

An event's id, `<service>:<store>:<outbox id>`, goes out as `Nats-Msg-Id`, so the stream keeps one of each;
consumers record it with their effect, so that each stored effect happens once.
"""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TypeVar

import structlog
from hive_wire.errors import Refusal
from hive_wire.model import Wire
from hive_wire.verb import Event
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from sqlalchemy import Connection, text

from hive_kit.bus import Bus
from hive_kit.database import Database, raw
from hive_kit.metrics import OUTBOX, RELAYED
from hive_kit.stream import ensure_stream

log = structlog.get_logger()

Q = TypeVar("Q", bound=Wire)

_BATCH = 256
_PUBLISH_SECONDS = 5.0
_LINGER_SECONDS = 0.005
"""How long to wait for more events after a commit: batches grow, and the relay's work does not stand between a
commit and whoever waits for its reply."""
_FORGET_ROWS = 256
_FORGET_SECONDS = 0.25
"""After so many events or so long, what was published leaves the outbox: one commit for several batches. After a
crash those rows go out again with the ids that the stream knows already."""


def emit(connection: Connection, event: Event[Q], payload: Q) -> int:
    """Put an event into the outbox, in the caller's transaction. Returns its outbox id."""
    cursor = raw(connection).execute(
        "INSERT INTO outbox (subject, payload) VALUES (?, ?)", (event.subject, payload.model_dump_json())
    )
    return int(cursor.lastrowid or 0)


def last_outbox_id(connection: Connection) -> int:
    """The id of the last event ever put into the outbox; 0 before the first."""
    row = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")).scalar()
    return int(row or 0)


@dataclass(frozen=True)
class _Row:
    id: int
    subject: str
    payload: bytes


class Relay:
    """Publishes a database's outbox, in order, one atomic batch at a time, for as long as `run` runs."""

    def __init__(self, database: Database, bus: Bus, service: str) -> None:
        self._database = database
        self._bus = bus
        self._service = service
        self._wake = asyncio.Event()
        self._singly = True  # after a start, part of the first batch may be in the stream already
        self._published = 0
        self._forgotten = 0
        database.on_commit(self._wake.set)
        bus.on_up.append(self._wake.set)

    async def run(self) -> None:
        """Relay until cancelled. Survives a lost connection and a full disk."""
        self._wake.set()
        while True:
            try:
                if await self._woken():
                    await asyncio.sleep(_LINGER_SECONDS)
                    self._wake.clear()
                    while await self._relay_batch():
                        pass
                else:
                    await self._forget()
            except (NatsError, APIError, Refusal, OSError, TimeoutError) as error:
                self._singly = True
                log.warning("relay_waits", error=str(error) or type(error).__name__)
                await asyncio.sleep(0.5)
                await ensure_stream(self._bus)  # its files may be gone
                self._wake.set()

    async def _woken(self) -> bool:
        """Wait for a commit; False when it is time to forget what was published instead."""
        try:
            async with asyncio.timeout(_FORGET_SECONDS if self._forgotten < self._published else None):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True

    async def _relay_batch(self) -> bool:
        rows = await self._database.read(lambda c: _next_rows(c, self._published))
        OUTBOX.set(len(rows))
        if not rows:
            self._singly = False
            return False
        if len(rows) == 1 or self._singly:
            for row in rows:
                await self._publish(row, {})
        else:
            await self._publish_batch(rows)
        RELAYED.inc(len(rows))
        self._published = rows[-1].id
        if self._published - self._forgotten >= _FORGET_ROWS:
            await self._forget()
        return len(rows) == _BATCH

    async def _forget(self) -> None:
        last = self._published
        await self._database.write(lambda c: raw(c).execute("DELETE FROM outbox WHERE id <= ?", (last,)).rowcount)
        self._forgotten = last

    async def _publish_batch(self, rows: list[_Row]) -> None:
        batch = secrets.token_hex(16)
        nats = self._bus.nats
        for number, row in enumerate(rows[:-1], start=1):
            headers = {
                "Nats-Msg-Id": self._event_id(row),
                "Nats-Batch-Id": batch,
                "Nats-Batch-Sequence": str(number),
            }
            await nats.publish(row.subject, row.payload, headers=headers)
        commit = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(rows)), "Nats-Batch-Commit": "1"}
        await self._publish(rows[-1], commit)

    async def _publish(self, row: _Row, headers: dict[str, str]) -> None:
        headers = {"Nats-Msg-Id": self._event_id(row), **headers}
        reply = await self._bus.nats.request(row.subject, row.payload, timeout=_PUBLISH_SECONDS, headers=headers)
        ack = json.loads(reply.data)
        if "error" in ack:
            raise APIError.from_error(ack["error"])

    def _event_id(self, row: _Row) -> str:
        return f"{self._service}:{self._database.store_id}:{row.id}"


def _next_rows(connection: Connection, after: int) -> list[_Row]:
    rows = raw(connection).execute(
        "SELECT id, subject, payload FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, _BATCH)
    )
    return [_Row(row[0], row[1], row[2].encode()) for row in rows]
