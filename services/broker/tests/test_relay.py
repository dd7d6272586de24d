"""What was committed reaches the stream once, and then leaves the outbox."""

import asyncio
import sqlite3
from contextlib import closing

from hive_kit.stream import stream_head
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import broker as wire


def _outbox(nats: TestNats) -> int:
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
        return int(database.execute("SELECT count(*) FROM outbox").fetchone()[0])


async def test_published_events_leave_the_outbox(nats: TestNats, broker: ServiceProcess) -> None:
    operator = await nats.bus("operator")
    sends = (wire.SendRequest(to="operator", body="hello", key=f"k{number}") for number in range(600))
    await asyncio.gather(*(operator.call_persistently(wire.SEND, request) for request in sends))

    async def relayed() -> tuple[int, int]:
        return (await stream_head(operator)).seq, _outbox(nats)

    await eventually(relayed, lambda seen: seen == (600, 0))


async def test_events_published_but_not_forgotten_before_a_kill_are_in_the_stream_once(
    nats: TestNats, broker: ServiceProcess
) -> None:
    operator = await nats.bus("operator")
    for start in range(3):
        await operator.call_persistently(wire.SEND, wire.SendRequest(to="operator", body="hello", key=f"k{start}"))
        await eventually(lambda: stream_head(operator), lambda head, start=start: head.seq == start + 1)
        broker.kill()
        await broker.start()

    async def pending() -> int:
        return _outbox(nats)

    await eventually(pending, lambda left: left == 0)
    assert (await stream_head(operator)).seq == 3
