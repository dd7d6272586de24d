"""The event store and the live events over it."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hive_harness.live import LIVE_BYTES, STORE_BYTES, Live
from hive_harness.store import EventStore, StoredEvent, open_store
from hive_harness.store.tables import metadata
from hive_wire.live import LiveEvent, LiveKind
from hive_wire.model import iso


@asynccontextmanager
async def running(store: EventStore | None) -> AsyncGenerator[tuple[Live, list[LiveEvent]]]:
    heard: list[LiveEvent] = []

    async def publish(_kind: str, payload: bytes) -> None:
        heard.append(LiveEvent.model_validate_json(payload))

    live = Live("ada", store, publish)
    await live.open()
    task = asyncio.create_task(live.run())
    try:
        yield live, heard
    finally:
        task.cancel()


async def opened(folder: Path) -> EventStore:
    store = await open_store(folder)
    assert store is not None
    return store


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for expected in ([1, 2], [3, 4]):
        store = await opened(tmp_path)
        async with running(store) as (live, heard):
            live.note("one")
            live.note("two")
            await live.settled()
            assert [event.n for event in heard] == expected
        await store.close()


async def test_a_page_of_history_goes_forth_and_back(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    async with running(store) as (live, _):
        for number in range(10):
            live.note(str(number))
        newest, more = await live.history(None, None, 3)
        assert ([event.n for event in newest], more) == ([8, 9, 10], True)
        older, more = await live.history(None, 3, 3)
        assert ([event.n for event in older], more) == ([1, 2], False)
        later, more = await live.history(5, None, 3)
        assert ([event.n for event in later], more) == ([6, 7, 8], True)
    await store.close()


@pytest.mark.spec("LIV-2", door="wire")
async def test_a_store_that_can_not_be_opened_means_live_only(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"this is no database, not even nearly" * 100)
    assert await open_store(tmp_path) is None
    async with running(None) as (live, heard):
        live.note("still here")
        await live.settled()
        assert [event.n for event in heard] == [1]
        assert await live.history(None, None, 10) == ([], False)


@pytest.mark.spec("LIV-2", door="wire")
async def test_old_events_are_swept(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    now = datetime.now(UTC)
    ages = [timedelta(days=8), timedelta(days=6)]
    await store.append([StoredEvent(n, 1, iso(now - age), "note", None, "{}") for n, age in enumerate(ages, 1)])
    assert await store.sweep(now) == 1
    assert [event.n for event in await store.page(0, None, 10)] == [2]
    await store.close()


async def test_a_huge_event_is_cut_for_the_page_and_less_in_the_store(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    async with running(store) as (live, heard):
        live.say(LiveKind.TOOL_RESULT, {"id": "t", "text": "é" * 200_000})
        live.say(LiveKind.TOOL_RESULT, {"id": "u", "text": "x" * 5_000_000})
        await live.settled()
        kept, _ = await live.history(None, None, 10)
    assert kept[0].data["text"] == "é" * 200_000
    assert len(json.dumps(kept[1].data)) <= STORE_BYTES + 1000
    for event in heard:
        assert event.data["cut"] is True
        assert len(event.model_dump_json().encode()) <= LIVE_BYTES + 1000
    await store.close()


async def test_half_a_character_stops_nothing(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    async with running(store) as (live, heard):
        live.say(LiveKind.STDERR, {"text": json.loads('"\\ud83d"')})
        live.note("next")
        await live.settled()
        assert [event.n for event in heard] == [1, 2]
    await store.close()


async def test_the_migrated_schema_is_the_declared_one(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        for table in metadata.sorted_tables:
            columns = {row[1]: (row[2], bool(row[3])) for row in connection.execute(f"PRAGMA table_info({table.name})")}
            assert columns == {
                column.name: (str(column.type), (not column.nullable and not column.primary_key) or column.primary_key)
                for column in table.columns
            }


@pytest.mark.spec("TRN-8", door="chaos")
async def test_a_store_that_fails_later_still_publishes(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    async with running(store) as (live, heard):
        live.note("kept")
        await live.settled()
        with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
            connection.execute("DROP TABLE events")
        live.note("only shown")
        await live.settled()
        assert [event.n for event in heard] == [1, 2]
    await store.close()
