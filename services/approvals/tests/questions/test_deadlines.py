"""Deadlines by the real clock, with the service up, down and killed at that very moment."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hive_kit.testing import eventually

Swarm = Any  # the fixture's class, in conftest.py

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MANY = 10_000
SECOND = 1_000_000


def now() -> int:
    return (datetime.now(UTC) - _EPOCH) // timedelta(microseconds=1)


def rows(swarm: Swarm, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(swarm.database)) as connection, connection:
        return connection.execute(query, values).fetchall()


def fill(swarm: Swarm, count: int, deadline: int, spread: int = 0) -> None:
    """So many open questions whose deadlines lie within `spread` from `deadline`."""
    columns = 'asker, recipient, "key", question, options, multi, ttl, asked_at, deadline, held'
    made = (
        ("scout", "operator", f"filled {n}", "still there?", "[]", 0, SECOND, now(), deadline + n * spread // count, 0)
        for n in range(count)
    )
    with closing(sqlite3.connect(swarm.database)) as connection, connection:
        connection.executemany(f"INSERT INTO questions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", made)


async def all_expired(swarm: Swarm) -> None:
    async def still_open() -> int:
        return rows(swarm, "SELECT count(*) FROM questions WHERE outcome IS NULL")[0][0]

    await eventually(still_open, lambda count: count == 0, seconds=60)


async def told_once(swarm: Swarm, count: int) -> None:
    """Every question's end is told, and the stream has each only once."""
    stream = (await swarm.bus("operator")).nats.jetstream()

    async def told() -> int:
        info = await stream.stream_info("HIVE", subjects_filter="hive.evt.approvals.question.answered")
        return (info.state.subjects or {}).get("hive.evt.approvals.question.answered", 0)

    await eventually(told, lambda seen: seen >= count, seconds=60)
    await eventually(lambda: _outbox(swarm), lambda left: left == 0)
    assert await told() == count


async def _outbox(swarm: Swarm) -> int:
    return rows(swarm, "SELECT count(*) FROM outbox")[0][0]


def lateness(swarm: Swarm, since: int = 0) -> float:
    """By how many seconds the latest one came after its deadline, or after `since` where that was later."""
    return rows(swarm, "SELECT max(answered_at - max(deadline, ?)) FROM questions", since)[0][0] / SECOND


def stalled(swarm: Swarm) -> float:
    """For how many seconds the service was ready to run since its start, but the machine ran something else."""
    tasks = Path(f"/proc/{swarm.service.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[1]) for task in tasks) / 1e9


@pytest.mark.spec("ASK-7", door="wire")
async def test_an_unanswered_question_expires_within_a_second_of_its_deadline(swarm: Swarm) -> None:
    question = await swarm.ask("scout", options=["[expired]", "other"], ttl_seconds=0.5)
    await swarm.ask("scout", ttl_seconds=3600)
    expired = await swarm.ended(question.id)
    assert (expired.answer, expired.outcome, expired.answerer) == ("[expired]", "expired", "ttl-watchdog")
    assert 0 <= (expired.answered_at - question.deadline).total_seconds() < 1 + stalled(swarm)
    assert await swarm.told_of(question.id, count=2) == ["asked", "answered"]


@pytest.mark.spec("ASK-7", door="wire")
async def test_a_held_question_ends_later_and_says_so(swarm: Swarm) -> None:
    question = await swarm.ask("scout", ttl_seconds=2)
    held = await swarm.hold(question.id)
    assert 25 < (held.deadline - question.deadline).total_seconds() <= 30
    assert held.held_until == held.deadline
    assert await swarm.told_of(question.id, count=2) == ["asked", "held"]


@pytest.mark.spec("ASK-7", door="wire")
async def test_what_ended_while_the_service_was_down_expires_right_after_its_start(swarm: Swarm) -> None:
    swarm.service.kill()
    fill(swarm, 3, now() - 3600 * SECOND)
    await swarm.service.start()
    started = now()
    await all_expired(swarm)
    assert lateness(swarm, started) < 1 + stalled(swarm)
    await told_once(swarm, 3)


@pytest.mark.spec("ASK-7", door="wire")
async def test_ten_thousand_that_end_in_one_second_each_expire_in_time_and_once(swarm: Swarm) -> None:
    before = stalled(swarm)
    fill(swarm, MANY, now() + 2 * SECOND, spread=SECOND)
    await swarm.ask("scout")  # a commit, which the watch notices
    await swarm.answer("operator", MANY + 1, "thanks")
    await all_expired(swarm)
    assert lateness(swarm) < 1 + stalled(swarm) - before
    await told_once(swarm, MANY + 1)


@pytest.mark.spec("ASK-7", door="chaos")
async def test_a_kill_while_ten_thousand_end_loses_none_and_doubles_none(swarm: Swarm) -> None:
    fill(swarm, MANY, now() + SECOND, spread=SECOND)
    await swarm.answer("operator", (await swarm.ask("scout")).id, "thanks")

    async def expired() -> int:
        return rows(swarm, "SELECT count(*) FROM questions WHERE outcome = 'expired'")[0][0]

    await eventually(expired, lambda count: count > 0)
    swarm.service.kill()
    assert await expired() < MANY
    await swarm.service.start()
    started = now()
    await all_expired(swarm)
    assert lateness(swarm, started) < 1 + stalled(swarm)
    await told_once(swarm, MANY + 1)
