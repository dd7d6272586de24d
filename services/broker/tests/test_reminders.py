"""Reminders over the wire, against the real broker: set, fired once, listed, cancelled."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hive_kit.bus import Bus
from hive_kit.stream import follow, stream_start
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.names import MANAGER

HOUR = 3600.0


async def _open(nats: TestNats, *names: str) -> None:
    lifecycle = await nats.bus("lifecycle")
    for name in names:
        await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name=name))


async def _remind(bus: Bus, text: str, in_seconds: float = HOUR, key: str | None = None) -> wire.Reminder:
    return await bus.call(wire.REMIND, wire.RemindRequest(message=text, in_seconds=in_seconds, key=key or text[:100]))


async def _listed(bus: Bus, owner: str | None = None) -> list[str]:
    reply = await bus.call(wire.REMINDERS, wire.RemindersRequest(owner=owner))
    return [reminder.message for reminder in reply.reminders]


async def _refused(bus: Bus, verb: object, request: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await bus.call(verb, request)  # type: ignore[arg-type]  # any verb with its request
    return refused.value


def _insert(nats: TestNats, owner: str, number: int, due: datetime) -> None:
    """As many reminders as an agent could set in minutes, while the broker is down."""
    at = int(due.timestamp() * 1e6)
    rows = ((owner, f"k{n}", f"text {n}", at, at, at) for n in range(number))
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database, database:
        database.executemany(
            "INSERT INTO reminders (owner, key, message, due, created_at, state, next_attempt)"
            " VALUES (?, ?, ?, ?, ?, 'pending', ?)",
            rows,
        )


def _told(nats: TestNats) -> list[str]:
    """The reminders that became messages, by what they say."""
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
        rows = database.execute("SELECT body FROM messages WHERE sender = 'system' ORDER BY id")
        return [row[0].rpartition("\n")[2] for row in rows]


def _fired(nats: TestNats) -> int:
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
        query = (
            "SELECT count(*) FROM reminders JOIN messages ON messages.id = message_id WHERE reminders.state = 'fired'"
        )
        return int(database.execute(query).fetchone()[0])


@pytest.mark.spec("REM-1", door="wire")
async def test_a_due_reminder_wakes_its_owner_as_a_message(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    scout = await nats.bus("scout")
    epoch = (await scout.call(wire.REQUEUE_INFLIGHT, wire.RequeueRequest(start_key="s"))).epoch
    later = await _remind(scout, "much later")
    waiting = asyncio.create_task(
        scout.call(wire.RECV, wire.RecvRequest(epoch=epoch, turn="t", key="k", wait_seconds=60))
    )
    reminder = await _remind(scout, "look at the build", in_seconds=0.2)
    (message,) = (await asyncio.wait_for(waiting, 30)).messages
    assert (message.sender, message.kind) == ("system", wire.MessageKind.MESSAGE)
    assert message.body.endswith("look at the build")
    assert f"#{reminder.id}" in message.body
    assert message.stored_at >= reminder.due
    assert await _listed(scout) == [later.message]


@pytest.mark.spec("REM-1", door="wire")
async def test_a_reminder_at_a_moment_is_due_then(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    at = datetime.now(UTC) + timedelta(seconds=0.3)
    reminder = await operator.call(wire.REMIND, wire.RemindRequest(message="call home", at=at, key="k"))
    assert reminder.due == at

    async def mail() -> list[wire.Message]:
        return (await operator.call(wire.RECENT, wire.RecentRequest())).messages

    (message,) = await eventually(mail)
    assert message.stored_at >= at


@pytest.mark.spec("REM-1", door="wire")
async def test_a_reminder_that_is_overdue_when_the_broker_starts_fires_then(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout")
    broker.kill()
    _insert(nats, "scout", 1, datetime.now(UTC) - timedelta(days=3))
    await broker.start()

    async def told() -> list[str]:
        return _told(nats)

    assert await eventually(told) == ["text 0"]


@pytest.mark.spec("REM-1", door="wire")
@pytest.mark.spec("REM-4", door="wire")
async def test_reminders_fire_exactly_once_across_kills_while_they_fire(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", "coder")
    broker.kill()
    number = 1500
    for owner in ("scout", "coder"):
        _insert(nats, owner, number, datetime.now(UTC))

    async def told() -> int:
        return len(_told(nats))

    killed_midway = 0
    for _ in range(3):
        seen = await told()
        await broker.start()
        await eventually(told, lambda now, seen=seen: now > seen or now == 2 * number)
        broker.kill()
        killed_midway += 0 < await told() < 2 * number
    assert killed_midway
    await broker.start()
    await eventually(told, lambda now: now == 2 * number, 60)
    assert sorted(_told(nats)) == sorted([f"text {n}" for n in range(number)] * 2)
    assert _fired(nats) == 2 * number
    operator = await nats.bus("operator")
    assert (await operator.call(wire.REMINDERS, wire.RemindersRequest())).counts == []


@pytest.mark.spec("REM-1", door="wire")
async def test_ten_thousand_others_hold_no_reminder_up(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", "coder")
    broker.kill()
    _insert(nats, "coder", 10_000, datetime.now(UTC) + timedelta(hours=1))
    await broker.start()
    scout = await nats.bus("scout")
    await _remind(scout, "now, please", in_seconds=0)

    async def told() -> list[str]:
        return _told(nats)

    assert await eventually(told) == ["now, please"]
    operator = await nats.bus("operator")
    reply = await operator.call(wire.REMINDERS, wire.RemindersRequest(limit=1000))
    assert (len(reply.reminders), reply.more) == (1000, True)
    assert reply.counts == [wire.ReminderCount(owner="coder", open=10_000)]


async def test_the_same_key_sets_one_reminder(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    first = await _remind(operator, "tea", key="k")
    again = await _remind(operator, "tea", key="k")
    assert again == first
    other = wire.RemindRequest(message="coffee", in_seconds=5, key="k")
    assert (await _refused(operator, wire.REMIND, other)).code is ErrorCode.KEY_REUSED
    assert await _listed(operator) == ["tea"]


@pytest.mark.parametrize(
    "when",
    [{}, {"in_seconds": 1.0, "at": datetime(2100, 1, 1, tzinfo=UTC)}, {"at": datetime(2020, 1, 1, tzinfo=UTC)}],
)
async def test_a_reminder_needs_one_time_to_come(
    nats: TestNats, broker: ServiceProcess, when: dict[str, object]
) -> None:
    operator = await nats.bus("operator")
    request = wire.RemindRequest.model_validate({"message": "tea", "key": "k", **when})
    assert (await _refused(operator, wire.REMIND, request)).code is ErrorCode.BAD_TIME


async def test_a_text_too_long_for_a_message_needs_a_file(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    request = wire.RemindRequest(message="x" * 262_144, in_seconds=1, key="k")
    assert (await _refused(operator, wire.REMIND, request)).code is ErrorCode.BODY_TOO_LARGE


@pytest.mark.spec("REM-4", door="wire")
async def test_agents_see_their_own_reminders_and_the_manager_and_the_operator_see_all(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout", "coder", MANAGER)
    scout, coder, manager, operator = [await nats.bus(name) for name in ("scout", "coder", MANAGER, "operator")]
    await _remind(scout, "one")
    await _remind(coder, "two")
    await _remind(coder, "three")
    assert await _listed(scout) == ["one"]
    refusal = await _refused(scout, wire.REMINDERS, wire.RemindersRequest(owner="coder"))
    assert refusal.code is ErrorCode.FORBIDDEN
    for observer in (manager, operator, await nats.bus("approvals")):
        reply = await observer.call(wire.REMINDERS, wire.RemindersRequest())
        assert [r.message for r in reply.reminders] == ["one", "two", "three"]
        assert {count.owner: count.open for count in reply.counts} == {"scout": 1, "coder": 2}
        assert await _listed(observer, "coder") == ["two", "three"]


@pytest.mark.spec("REM-4", door="wire")
async def test_a_reminder_is_cancelled_by_its_owner_the_manager_or_the_operator(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout", "coder", MANAGER)
    scout, coder, manager, operator = [await nats.bus(name) for name in ("scout", "coder", MANAGER, "operator")]
    core = await nats.bus("approvals")
    numbers = [(await _remind(scout, f"r{n}")).id for n in range(5)]
    stranger = await _refused(coder, wire.CANCEL_REMINDER, wire.ReminderId(id=numbers[0]))
    assert stranger.code is ErrorCode.NOT_FOUND
    for bus, number in zip((scout, manager, operator), numbers, strict=False):
        cancelled = await bus.call(wire.CANCEL_REMINDER, wire.ReminderId(id=number))
        assert cancelled.state is wire.ReminderState.CANCELLED
    again = await _refused(scout, wire.CANCEL_REMINDER, wire.ReminderId(id=numbers[0]))
    assert (again.code, again.details["state"]) == (ErrorCode.NOT_PENDING, "cancelled")

    pretender = wire.ReminderId(id=numbers[3], on_behalf_of="scout")
    assert (await _refused(coder, wire.CANCEL_REMINDER, pretender)).code is ErrorCode.FORBIDDEN
    for_a_stranger = wire.ReminderId(id=numbers[3], on_behalf_of="coder")
    assert (await _refused(core, wire.CANCEL_REMINDER, for_a_stranger)).code is ErrorCode.NOT_FOUND
    for_nobody = wire.ReminderId(id=numbers[3])
    assert (await _refused(core, wire.CANCEL_REMINDER, for_nobody)).code is ErrorCode.FORBIDDEN
    await core.call(wire.CANCEL_REMINDER, pretender)
    await core.call(wire.CANCEL_REMINDER, wire.ReminderId(id=numbers[4], on_behalf_of=MANAGER))
    assert await _listed(scout) == []
    assert _told(nats) == []


@pytest.mark.spec("REM-4", door="wire")
async def test_a_fired_reminder_can_not_be_cancelled(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    reminder = await _remind(operator, "now", in_seconds=0)

    async def told() -> list[str]:
        return _told(nats)

    await eventually(told)
    refusal = await _refused(operator, wire.CANCEL_REMINDER, wire.ReminderId(id=reminder.id))
    assert (refusal.code, refusal.details["state"]) == (ErrorCode.NOT_PENDING, "fired")


async def test_every_change_of_a_reminder_is_told_whole_with_the_number_left(
    nats: TestNats, broker: ServiceProcess
) -> None:
    operator = await nats.bus("operator")
    later = await _remind(operator, "later")
    now = await _remind(operator, "now", in_seconds=0)
    core = await nats.bus("dashboard")

    async def told() -> list[str]:
        return _told(nats)

    await eventually(told)
    await operator.call(wire.CANCEL_REMINDER, wire.ReminderId(id=later.id))
    seen: list[tuple[str, int, int]] = []
    async for envelope in follow(core, await stream_start(core), "hive.evt.broker.reminder.>"):
        changed = wire.ReminderChanged.model_validate_json(envelope.payload)
        seen.append((envelope.subject.rpartition(".")[2], changed.reminder.id, changed.open))
        if len(seen) == 4:
            break
    assert seen == [("set", later.id, 1), ("set", now.id, 2), ("fired", now.id, 1), ("cancelled", later.id, 0)]


async def test_the_snapshot_has_open_reminders_the_soonest_first(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    core = await nats.bus("dashboard")
    await _remind(operator, "later", in_seconds=2 * HOUR)
    await _remind(operator, "sooner", in_seconds=HOUR)
    snapshot = await core.call(wire.SNAPSHOT, Empty())
    assert [r.message for r in snapshot.reminders] == ["sooner", "later"]
    assert snapshot.reminder_counts == [wire.ReminderCount(owner="operator", open=2)]
    assert all(r.next_attempt is None for r in snapshot.reminders)


async def test_large_reminders_come_in_pages_that_fit_a_reply(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    for number in range(24):
        await _remind(operator, f"{number}" + "x" * 200_000, key=str(number))
    first = await operator.call(wire.REMINDERS, wire.RemindersRequest())
    assert first.more
    assert len(json.dumps(first.model_dump(mode="json"))) < wire.PAGE_BYTES + 4096
    rest = await operator.call(wire.REMINDERS, wire.RemindersRequest(after=first.reminders[-1].id))
    assert (len(first.reminders) + len(rest.reminders), rest.more) == (24, False)
