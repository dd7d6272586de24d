"""Events of committed changes reach the stream once each and in order, whatever is killed when."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hive_kit.bus import Bus
from hive_kit.database import Database, migrate
from hive_kit.outbox import Relay, emit, last_outbox_id
from hive_kit.stream import Envelope, Position, ensure_stream, follow, stream_start
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import CRASHED, Crashed
from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import Verb
from sqlalchemy import Connection

PROGRAMS = Path(__file__).parent / "programs"


class Entry(Wire):
    """What the ledger writes."""

    body: str


WRITE = Verb("broker", "write", Entry, Empty, frozenset({Role.OPERATOR}), "Write it down.")


@pytest_asyncio.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Database]:
    monkeypatch.syspath_prepend(PROGRAMS)
    migrate(tmp_path / "ledger.db", "ledger")
    opened = Database(tmp_path / "ledger.db")
    yield opened
    opened.close()


def crash(name: str) -> Crashed:
    return Crashed(agent=name, exit=None)


async def emit_one(database: Database, name: str) -> int:
    return await database.write(lambda c: emit(c, CRASHED, crash(name)))


def pending(connection: Connection) -> int:
    return connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one()


async def until_relayed(database: Database) -> None:
    await eventually(lambda: database.read(pending), lambda number: number == 0, seconds=30)


async def everything(bus: Bus, number: int) -> list[Envelope]:
    """The first `number` events, and nothing else in the stream."""
    seen: list[Envelope] = []
    async for envelope in follow(bus, Position((await stream_start(bus)).created, 0)):
        seen.append(envelope)
        if len(seen) == number:
            break
    info = await bus.nats.jetstream().stream_info("HIVE")
    assert info.state.messages == number
    return seen


def names(envelopes: list[Envelope]) -> list[str]:
    return [Crashed.model_validate_json(envelope.payload).agent for envelope in envelopes]


@pytest_asyncio.fixture
async def relay(nats: TestNats, database: Database) -> AsyncGenerator[Any]:
    """Starts a relay of the database as lifecycle would have it."""
    tasks: list[asyncio.Task[None]] = []

    async def start() -> asyncio.Task[None]:
        bus = await nats.bus("lifecycle")
        await ensure_stream(bus)
        task = asyncio.create_task(Relay(database, bus, "lifecycle").run())
        tasks.append(task)
        return task

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def ledger(nats: TestNats) -> Generator[ServiceProcess]:
    process = ServiceProcess("ledger", nats.settings("broker"), nats.folder)
    yield process
    process.kill()


async def test_events_arrive_in_order_with_their_ids(nats: TestNats, database: Database, relay: Any) -> None:
    await relay()
    await asyncio.gather(*(emit_one(database, f"a{n}") for n in range(600)))
    await until_relayed(database)
    seen = await everything(await nats.bus("dashboard"), 600)
    assert names(seen) == [f"a{n}" for n in range(600)]
    assert [e.id for e in seen] == [f"lifecycle:{database.store_id}:{n}" for n in range(1, 601)]
    assert {e.subject for e in seen} == {CRASHED.subject}
    assert await database.read(last_outbox_id) == 600


async def test_an_event_of_a_change_that_failed_is_never_told(nats: TestNats, database: Database, relay: Any) -> None:
    await relay()

    def fail(connection: Connection) -> None:
        emit(connection, CRASHED, crash("never"))
        raise Refusal(ErrorCode.NOT_FOUND, "no")

    with pytest.raises(Refusal):
        await database.write(fail)
    await emit_one(database, "told")
    await until_relayed(database)
    assert names(await everything(await nats.bus("dashboard"), 1)) == ["told"]


async def test_what_waited_while_nobody_relayed_goes_out_at_the_start(
    nats: TestNats, database: Database, relay: Any
) -> None:
    for number in range(5):
        await emit_one(database, f"a{number}")
    assert await database.read(pending) == 5
    await relay()
    await until_relayed(database)
    assert names(await everything(await nats.bus("dashboard"), 5)) == [f"a{n}" for n in range(5)]


async def test_a_batch_with_a_known_id_is_sent_one_by_one(nats: TestNats, database: Database, relay: Any) -> None:
    await relay()
    await emit_one(database, "first")
    await until_relayed(database)
    bus = await nats.bus("lifecycle")
    known = {"Nats-Msg-Id": f"lifecycle:{database.store_id}:3"}
    payload = crash("a1").model_dump_json().encode()

    def three(connection: Connection) -> None:
        for number in range(3):
            emit(connection, CRASHED, crash(f"a{number}"))

    await bus.nats.jetstream().publish(CRASHED.subject, payload, headers=known)
    await database.write(three)
    await until_relayed(database)
    seen = await everything(await nats.bus("dashboard"), 4)
    assert sorted(names(seen)) == ["a0", "a1", "a2", "first"]
    assert len({e.id for e in seen}) == 4


async def test_nothing_is_lost_or_doubled_when_the_server_is_killed(
    nats: TestNats, database: Database, relay: Any
) -> None:
    await relay()
    number = 0
    for _ in range(3):
        writing = [asyncio.ensure_future(emit_one(database, f"a{n}")) for n in range(number, number + 300)]
        number += 300
        await asyncio.gather(*writing[:100])
        await nats.restart()
        await asyncio.gather(*writing)
    await until_relayed(database)
    seen = await everything(await nats.bus("dashboard"), number)
    assert names(seen) == [f"a{n}" for n in range(number)]


async def test_nothing_is_lost_or_doubled_when_the_relaying_process_is_killed(
    nats: TestNats, ledger: ServiceProcess
) -> None:
    operator = await nats.bus("operator")
    number = 0
    for _ in range(3):
        await ledger.start(PYTHONPATH=str(PROGRAMS))
        calls = [asyncio.ensure_future(_write(operator, f"a{n}")) for n in range(number, number + 60)]
        number += 60
        await asyncio.wait(calls[:20], return_when=asyncio.ALL_COMPLETED)
        ledger.kill()
        await operator.sync()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    await ledger.start(PYTHONPATH=str(PROGRAMS))

    def look() -> tuple[list[str], int]:
        with closing(sqlite3.connect(nats.folder / "broker.db")) as connection:
            bodies = [row[0] for row in connection.execute("SELECT body FROM entries ORDER BY id")]
            return bodies, connection.execute("SELECT count(*) FROM outbox").fetchone()[0]

    stored, _ = await eventually(lambda: asyncio.to_thread(look), lambda seen: seen[1] == 0, seconds=30)
    assert len(stored) >= 60
    told = await everything(await nats.bus("dashboard"), len(stored))
    assert [Entry.model_validate_json(envelope.payload).body for envelope in told] == stored
    assert await ledger.terminate() == 0


async def _write(bus: Bus, body: str) -> None:
    await bus.call(WRITE, Entry(body=body), timeout=30)
