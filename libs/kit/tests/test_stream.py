"""Following the stream: every event once and in order, or a reset; never a silent gap."""

import asyncio
from collections.abc import AsyncIterator

import nats as nats_py
import pytest
from hive_kit.bus import Bus
from hive_kit.stream import (
    Envelope,
    Position,
    StreamReset,
    ensure_stream,
    follow,
    stream_head,
    stream_start,
)
from hive_kit.testing import TestNats
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.subjects import STREAM, STREAM_SUBJECTS
from nats.js.client import JetStreamContext

SUBJECT = "hive.evt.lifecycle.agent.changed"


async def publish(bus: Bus, *numbers: int, subject: str = SUBJECT) -> None:
    js = bus.nats.jetstream(timeout=10)
    for number in numbers:
        await js.publish(subject, str(number).encode(), headers={"Nats-Msg-Id": f"lifecycle:s:{number}"})


@pytest.fixture
async def lifecycle(nats: TestNats) -> Bus:
    bus = await nats.bus("lifecycle")
    await ensure_stream(bus)
    return bus


@pytest.fixture
async def reader(nats: TestNats, lifecycle: Bus) -> Bus:
    return await nats.bus("dashboard")


class Tail:
    """A follower that is asked for what comes next."""

    def __init__(self, bus: Bus, start: Position, subject: str = STREAM_SUBJECTS) -> None:
        self._events: AsyncIterator[Envelope] = follow(bus, start, subject)
        self._waiting: asyncio.Task[Envelope] | None = None

    async def take(self, number: int) -> list[int]:
        async with asyncio.timeout(40):
            return [int((await self._next()).payload) for _ in range(number)]

    async def _next(self) -> Envelope:
        waiting = self._waiting or asyncio.ensure_future(anext(self._events))
        self._waiting = None
        return await waiting

    async def park(self, bus: Bus) -> None:
        """Wait at the tail, the pull request with the server."""
        self._waiting = asyncio.ensure_future(anext(self._events))
        for _ in range(4):
            await bus.sync()
        assert not self._waiting.done()

    async def idle(self, seconds: float) -> None:
        """Wait at the tail for so long, with nothing coming."""
        self._waiting = self._waiting or asyncio.ensure_future(anext(self._events))
        done, _ = await asyncio.wait({self._waiting}, timeout=seconds)
        assert not done

    async def reset(self) -> StreamReset:
        async with asyncio.timeout(40):
            with pytest.raises(StreamReset) as reset:
                await self._next()
        return reset.value


@pytest.fixture
async def administrator(nats: TestNats) -> AsyncIterator[JetStreamContext]:
    """Somebody who may do with the stream what nobody in the swarm may."""
    client = await nats_py.connect(nats.url, user_credentials=str(nats.creds("administrator")))
    yield client.jetstream(timeout=10)
    await client.close()


async def test_events_come_in_order_each_once(lifecycle: Bus, reader: Bus) -> None:
    await publish(lifecycle, *range(300))
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(300) == list(range(300))
    await tail.park(reader)
    await publish(lifecycle, 300, 301)
    assert await tail.take(2) == [300, 301]


async def test_a_tail_goes_on_after_its_position(lifecycle: Bus, reader: Bus) -> None:
    await publish(lifecycle, 0, 1, 2)
    head = await stream_head(reader)
    await publish(lifecycle, 3)
    assert await Tail(reader, head).take(1) == [3]
    assert await Tail(reader, Position(head.created, 1)).take(3) == [1, 2, 3]


async def test_an_envelope_says_where_and_what_it_is(lifecycle: Bus, reader: Bus) -> None:
    await publish(lifecycle, 5)
    start = await stream_start(reader)
    envelope = await anext(follow(reader, start))
    assert envelope == Envelope(Position(start.created, 1), "lifecycle:s:5", SUBJECT, b"5")


async def test_a_tail_on_one_subject_gets_nothing_else(lifecycle: Bus, reader: Bus) -> None:
    tail = Tail(reader, await stream_start(reader), "hive.evt.lifecycle.agent.crashed")
    await publish(lifecycle, 0)
    await publish(lifecycle, 1, subject="hive.evt.lifecycle.agent.crashed")
    await publish(lifecycle, 2)
    await publish(lifecycle, 3, subject="hive.evt.lifecycle.agent.crashed")
    assert await tail.take(2) == [1, 3]


async def test_an_event_that_comes_while_the_reader_is_busy_is_the_next_one(lifecycle: Bus, reader: Bus) -> None:
    tail = Tail(reader, await stream_start(reader), SUBJECT)
    for number in (1, 3):
        await tail.idle(1.5)  # nats-py asks in another way when nothing has come for a second
        await publish(lifecycle, number)
        assert await tail.take(1) == [number]
        await publish(lifecycle, number + 1)
        await reader.sync()  # it has arrived, and nobody asks for it yet
        assert await tail.take(1) == [number + 1]


async def test_a_kill_of_the_server_in_the_middle_loses_and_doubles_nothing(
    lifecycle: Bus, reader: Bus, nats: TestNats
) -> None:
    await publish(lifecycle, *range(50))
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(20) == list(range(20))
    await nats.restart()
    await asyncio.wait_for(lifecycle.up.wait(), 20)
    await publish(lifecycle, *range(50, 80))
    assert await tail.take(60) == list(range(20, 80))


async def test_a_tail_parked_at_the_end_across_a_restart_gets_only_what_is_new(
    lifecycle: Bus, reader: Bus, nats: TestNats
) -> None:
    await publish(lifecycle, *range(1000))
    tail = Tail(reader, await stream_head(reader))
    await tail.park(reader)
    await nats.restart()
    await asyncio.wait_for(lifecycle.up.wait(), 20)
    await publish(lifecycle, 1000)
    assert await tail.take(1) == [1000]
    await tail.park(reader)


async def test_a_tail_survives_that_its_consumer_is_deleted(
    lifecycle: Bus, reader: Bus, administrator: JetStreamContext
) -> None:
    await publish(lifecycle, 0)
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(1) == [0]
    await tail.park(reader)
    (consumer,) = await administrator.consumers_info(STREAM)
    await administrator.delete_consumer(STREAM, consumer.name)
    await publish(lifecycle, 1)
    assert await tail.take(1) == [1]


async def test_a_stream_made_anew_is_a_reset(lifecycle: Bus, reader: Bus, administrator: JetStreamContext) -> None:
    await publish(lifecycle, 0)
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(1) == [0]
    await tail.park(reader)
    await administrator.delete_stream(STREAM)
    await ensure_stream(lifecycle)
    await publish(lifecycle, 7)
    await tail.reset()


async def test_a_position_in_a_stream_that_is_no_more_is_a_reset(
    lifecycle: Bus, reader: Bus, administrator: JetStreamContext
) -> None:
    await publish(lifecycle, 0, 1)
    old = await stream_head(reader)
    await administrator.delete_stream(STREAM)
    await ensure_stream(lifecycle)
    await publish(lifecycle, 0, 1, 2)
    await Tail(reader, old).reset()


async def test_a_position_beyond_the_end_is_a_reset(lifecycle: Bus, reader: Bus) -> None:
    await publish(lifecycle, 0)
    head = await stream_head(reader)
    await Tail(reader, Position(head.created, head.seq + 1)).reset()


async def test_a_gap_before_the_tail_begins_is_a_reset(
    lifecycle: Bus, reader: Bus, administrator: JetStreamContext
) -> None:
    start = await stream_start(reader)
    await publish(lifecycle, *range(10))
    await administrator.purge_stream(STREAM, keep=5)
    await Tail(reader, start).reset()


async def test_events_that_were_dropped_while_a_tail_fell_behind_are_a_reset(
    lifecycle: Bus, reader: Bus, administrator: JetStreamContext
) -> None:
    await publish(lifecycle, *range(3))
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(3) == [0, 1, 2]
    await publish(lifecycle, *range(3, 10))
    await administrator.purge_stream(STREAM, keep=2)
    await tail.reset()


async def test_events_that_a_reader_has_seen_may_age_out(
    lifecycle: Bus, reader: Bus, administrator: JetStreamContext
) -> None:
    await publish(lifecycle, *range(5))
    tail = Tail(reader, await stream_start(reader))
    assert await tail.take(5) == list(range(5))
    await administrator.purge_stream(STREAM)
    await publish(lifecycle, 5)
    assert await tail.take(1) == [5]
    again = Tail(reader, await stream_start(reader))
    assert await again.take(1) == [5]


async def test_an_empty_stream_starts_at_nothing(lifecycle: Bus, reader: Bus) -> None:
    assert (await stream_start(reader)).seq == (await stream_head(reader)).seq == 0


async def test_making_sure_of_the_stream_again_changes_nothing_in_it(lifecycle: Bus, reader: Bus) -> None:
    await publish(lifecycle, 0)
    await ensure_stream(lifecycle)
    await ensure_stream(reader)
    info = await reader.nats.jetstream(timeout=10).stream_info(STREAM)
    assert info.state.messages == 1
    assert info.config.subjects == [STREAM_SUBJECTS]
    assert not info.config.allow_direct


async def test_the_stream_keeps_one_of_each_id(lifecycle: Bus, reader: Bus, nats: TestNats) -> None:
    await publish(lifecycle, 0, 0)
    await nats.restart()
    await asyncio.wait_for(lifecycle.up.wait(), 20)
    await publish(lifecycle, 0, 1)
    assert await Tail(reader, await stream_start(reader)).take(2) == [0, 1]


async def test_a_tail_ends_when_its_connection_is_closed_for_good(lifecycle: Bus, reader: Bus) -> None:
    tail = Tail(reader, await stream_start(reader))
    await tail.park(reader)
    await reader.close()
    async with asyncio.timeout(40):
        with pytest.raises(Refusal) as refused:
            await tail.take(1)
    assert refused.value.code is ErrorCode.UNAVAILABLE
