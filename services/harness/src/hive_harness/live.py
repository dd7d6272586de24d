"""The agent's live events: each is numbered by the store, kept there, and published, in this order.

Without a store (none could be opened, or the disk is full) events are numbered in memory and only published.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from hive_wire.live import LiveEvent, LiveKind
from hive_wire.model import iso

from hive_harness.store.events import EventStore, StoredEvent, TurnRow, encode

log = structlog.get_logger()

STORE_BYTES = 1024 * 1024
"""The most that one event's data takes in the store."""
LIVE_BYTES = 64 * 1024
"""The most that one event's data takes when it is published; the whole is in the history."""
PAGE_BYTES = 3 * 1024 * 1024
_BATCH = 200

Json = dict[str, Any]  # Any: differs by kind
Publish = Callable[[str, bytes], Awaitable[None]]
"""Publishes a payload under a kind; may drop it, must not raise."""


class Live:
    """Takes events from anywhere in the harness without blocking, and keeps their order."""

    def __init__(self, agent: str, store: EventStore | None, publish: Publish) -> None:
        self._agent, self._store, self._publish = agent, store, publish
        self._queue: asyncio.Queue[StoredEvent | TurnRow] = asyncio.Queue()
        self._last = 0
        self._failing = False
        self.epoch = 0

    async def open(self) -> None:
        """Go on after the store's last number."""
        if self._store is not None:
            self._last = await self._store.last_number()

    def say(self, kind: LiveKind, data: Json, turn: str | None = None) -> None:
        """Record an event, now."""
        text = encode(shorten(data, STORE_BYTES))
        self._queue.put_nowait(StoredEvent(0, self.epoch, iso(datetime.now(UTC)), kind.value, turn, text))

    def note(self, text: str, level: str = "info", turn: str | None = None) -> None:
        """Say something about the harness itself."""
        self.say(LiveKind.NOTE, {"text": text, "level": level}, turn)

    def error(self, text: str, code: str, turn: str | None = None) -> None:
        """Say that something went wrong."""
        self.say(LiveKind.ERROR, {"text": text, "code": code}, turn)

    def turn_ended(self, row: TurnRow) -> None:
        """Keep a turn's statistics."""
        self._queue.put_nowait(row)

    async def run(self) -> None:
        """Store and publish what comes, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while not self._queue.empty() and len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
            try:
                await self._handle(batch)
            except Exception:  # the loop's edge: one event that can't be handled must not end the history
                log.exception("live_events_lost", count=len(batch))
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def settled(self) -> None:
        """Wait until everything said so far is stored and published."""
        await self._queue.join()

    async def history(self, after: int | None, before: int | None, limit: int) -> tuple[list[LiveEvent], bool]:
        """A page of events, oldest first, and whether there are more in the direction asked for."""
        if self._store is None:
            return [], False
        await self.settled()
        rows = await self._store.page(after, before, limit + 1)
        kept = _fitting(rows if after is not None else rows[::-1], limit)
        more = len(kept) < len(rows)
        return [self._event(row) for row in (kept if after is not None else kept[::-1])], more

    async def _handle(self, batch: list[StoredEvent | TurnRow]) -> None:
        events = [item for item in batch if isinstance(item, StoredEvent)]
        for event in await self._numbered(events):
            await self._publish(event.kind, self._shown(event))
        for item in batch:
            if isinstance(item, TurnRow) and self._store is not None:
                try:
                    await self._store.add_turn(item)
                except sqlite3.Error as error:
                    log.warning("turn_not_stored", error=str(error))

    async def _numbered(self, events: list[StoredEvent]) -> list[StoredEvent]:
        numbered = [replace(event, n=self._last + at) for at, event in enumerate(events, 1)]
        self._last += len(events)
        if self._store is not None and numbered:
            try:
                await self._store.append(numbered)
                self._failing = False
            except sqlite3.Error as error:
                if not self._failing:
                    log.warning("events_not_stored", error=str(error))
                self._failing = True
        return numbered

    def _shown(self, event: StoredEvent) -> bytes:
        if len(event.data) > LIVE_BYTES:
            event = replace(event, data=encode(shorten(json.loads(event.data), LIVE_BYTES)))
        return self._event(event).model_dump_json().encode()

    def _event(self, row: StoredEvent) -> LiveEvent:
        return LiveEvent(
            agent=self._agent,
            epoch=row.epoch,
            n=row.n,
            at=datetime.fromisoformat(row.at),
            kind=row.kind,
            turn=row.turn,
            data=json.loads(row.data),
        )


def shorten(data: Json, limit: int) -> Json:
    """`data`, its long texts cut so that it takes at most `limit` bytes of JSON; `cut` says that it was."""
    chars = limit
    while len(encode(data).encode()) > limit:
        chars //= 2
        if chars < 64:
            return {"cut": True, "text": "this event is too large to be shown"}
        data = {**cast(Json, _cut(data, chars)), "cut": True}
    return data


def _cut(value: Any, chars: int) -> Any:  # Any: JSON
    if isinstance(value, str):
        return value if len(value) <= chars else f"{value[:chars]}… ({len(value) - chars} characters cut)"
    if isinstance(value, list):
        return [_cut(item, chars) for item in cast("list[Any]", value)[: max(16, chars // 16)]]  # Any: JSON
    if isinstance(value, dict):
        return {key: _cut(item, chars) for key, item in cast(Json, value).items()}
    return value


def _fitting(rows: list[StoredEvent], limit: int) -> list[StoredEvent]:
    """As many of `rows` as a page takes, at least one."""
    kept: list[StoredEvent] = []
    size = 0
    for row in rows[:limit]:
        size += len(row.data.encode()) + 200
        if kept and size > PAGE_BYTES:
            break
        kept.append(row)
    return kept
