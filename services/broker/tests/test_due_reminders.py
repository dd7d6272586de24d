"""What is decided in the transaction that fires, whatever happened since the batch was looked up."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hive_broker import due_reminders, messages, reminders
from hive_broker.due_reminders import Ready
from hive_broker.reminders import Limits
from hive_kit.database import Database, migrate
from hive_wire.broker import RecentRequest, Reminder, ReminderId, RemindRequest
from hive_wire.errors import ErrorCode, Refusal

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LIMITS = Limits(max_body_bytes=1000, max_open=2, retry_base_seconds=5, retry_max_seconds=3600)


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    migrate(tmp_path / "broker.db", "hive_broker")
    opened = Database(tmp_path / "broker.db")
    yield opened
    opened.close()


async def _remind(database: Database, key: str = "k") -> Reminder:
    request = RemindRequest(message="tea", in_seconds=0, key=key)
    return await database.write(lambda c: reminders.remind(c, "operator", request, NOW, LIMITS))


async def _fire(database: Database, *found: Reminder, error: str | None = None, now: datetime = NOW) -> set[str]:
    ready = {reminder.id: Ready("your tea", error=error) for reminder in found}
    return await database.write(lambda c: due_reminders.fire(c, ready, now, LIMITS))


async def _mail(database: Database) -> int:
    listed = await database.read(lambda c: messages.recent(c, "operator", RecentRequest()))
    return len(listed.messages)


async def test_a_reminder_that_was_cancelled_after_it_was_looked_up_does_not_fire(database: Database) -> None:
    reminder = await _remind(database)
    (found,) = await database.read(lambda c: due_reminders.due(c, NOW))
    await database.write(lambda c: reminders.cancel(c, "operator", ReminderId(id=reminder.id), NOW))
    assert await _fire(database, found) == set()
    assert await _mail(database) == 0


async def test_a_batch_that_is_fired_again_fires_nothing_again(database: Database) -> None:
    batch = [await _remind(database, key) for key in ("one", "two")]
    assert await _fire(database, *batch) == {"operator"}
    assert await _fire(database, *batch) == set()
    assert await _mail(database) == 2
    assert await database.read(due_reminders.next_attempt) is None


async def test_a_reminder_that_fails_is_tried_again_after_growing_delays_up_to_an_hour(database: Database) -> None:
    reminder = await _remind(database)
    waits: list[float] = []
    now = NOW
    for _ in range(12):
        (found,) = await database.read(lambda c, now=now: due_reminders.due(c, now))
        await _fire(database, found, error="no such folder", now=now)
        (seen,) = await database.read(reminders.soonest_open)
        assert (seen.id, seen.error) == (reminder.id, "no such folder")
        assert seen.next_attempt is not None
        assert await database.read(lambda c, now=now: due_reminders.due(c, now)) == []
        waits.append((seen.next_attempt - now) / timedelta(seconds=1))
        now = seen.next_attempt
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


async def test_nobody_has_more_open_reminders_than_the_limit(database: Database) -> None:
    for key in ("one", "two"):
        await _remind(database, key)
    with pytest.raises(Refusal) as refused:
        await _remind(database, "three")
    assert refused.value.code is ErrorCode.SLOW_DOWN
    assert refused.value.details["limit"] == LIMITS.max_open
