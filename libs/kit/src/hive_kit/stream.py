# pyright: reportUnknownMemberType=false
# (nats-py leaves parts of its JetStream API without types)
"""The event stream `HIVE`: making it, and following it gap-free with the position held by the reader.

nats-py's ordered consumer replays the whole stream after a server restart when it was parked at the tail,
so this tail pulls, and owns its position.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.subjects import STREAM, STREAM_SUBJECTS
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from hive_kit.bus import Bus

log = structlog.get_logger()

MAX_AGE_SECONDS = 7 * 24 * 3600
MAX_BYTES = 1 << 30
DUPLICATE_WINDOW_SECONDS = 3600
_PULL = 256
_PULL_SECONDS = 5.0


@dataclass(frozen=True)
class Position:
    """A place in the stream: which stream (by its creation time) and the last sequence number handled."""

    created: str
    seq: int


@dataclass(frozen=True)
class Envelope:
    """An event as the stream has it. `id` is `<service>:<store>:<outbox id>`."""

    position: Position
    id: str
    subject: str
    payload: bytes


class StreamReset(Exception):  # a turn of events, not an error
    """The stream can't be followed from that position: start again from a snapshot."""


async def ensure_stream(bus: Bus) -> None:
    """Make the stream, or bring its settings to what we want; waits until JetStream answers."""
    config = StreamConfig(
        name=STREAM,
        subjects=[STREAM_SUBJECTS],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        max_age=MAX_AGE_SECONDS,
        max_bytes=MAX_BYTES,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        num_replicas=1,
        allow_direct=False,
        allow_atomic=True,
    )
    delay = 0.05
    while True:
        js = bus.nats.jetstream(timeout=2)
        try:
            try:
                await js.stream_info(STREAM)
                await js.update_stream(config)
            except NotFoundError:
                await js.add_stream(config)
            return
        except (NatsError, APIError, OSError, TimeoutError) as error:
            log.info("stream_waits", error=str(error) or type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, 1.0)


async def stream_head(bus: Bus) -> Position:
    """The stream's end, for a reader that starts from snapshots; waits until JetStream answers."""
    info = await _info(bus)
    return Position(str(info.created), info.state.last_seq)


async def stream_start(bus: Bus) -> Position:
    """The place before the oldest event that the stream still has, for a reader that has seen none."""
    info = await _info(bus)
    return Position(str(info.created), max(info.state.first_seq - 1, 0))


async def _info(bus: Bus) -> StreamInfo:
    """The stream's state; waits until JetStream answers."""
    delay = 0.05
    while True:
        try:
            return await bus.nats.jetstream(timeout=2).stream_info(STREAM)
        except (NatsError, APIError, OSError, TimeoutError) as error:
            log.info("stream_waits", error=str(error) or type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, 1.0)


async def follow(bus: Bus, start: Position, subject: str = STREAM_SUBJECTS) -> AsyncIterator[Envelope]:
    """Yield every event after `start` on `subject`, in order, each once, for ever.

    Survives restarts of the server. Raises StreamReset when continuity can't be proven, and Refusal
    `unavailable` when the connection is closed for good.
    """
    reconnected = asyncio.Event()
    bus.on_up.append(reconnected.set)
    try:
        async for envelope in _follow(bus, start, subject, reconnected):
            yield envelope
    finally:
        bus.on_up.remove(reconnected.set)


async def _follow(bus: Bus, start: Position, subject: str, reconnected: asyncio.Event) -> AsyncIterator[Envelope]:
    position = start
    subscription: JetStreamContext.PullSubscription | None = None
    delivered = 0
    while True:
        try:
            if subscription is None:
                reconnected.clear()
                subscription = await _subscribe(bus, position, subject)
                delivered = 0
            for message in await _fetch(subscription, delivered, reconnected):
                delivered += 1
                number = message.metadata.sequence
                if number.consumer != delivered:  # the client dropped some on their way: take them again
                    raise TimeoutError(f"delivery {delivered} did not arrive")
                if subject == STREAM_SUBJECTS and number.stream != position.seq + 1:
                    await _check_continuity(bus, position)
                position = Position(position.created, number.stream)
                event_id = (message.headers or {}).get("Nats-Msg-Id", f"stream:{number.stream}")
                yield Envelope(position, event_id, message.subject, message.data)
        except (NatsError, APIError, OSError, TimeoutError) as error:
            if bus.closed.is_set():  # nats-py turns a cancellation into an error then: never go round again
                raise Refusal(ErrorCode.UNAVAILABLE, "the connection to NATS is closed") from error
            log.info("tail_reconnects", error=str(error) or type(error).__name__)
            await _drop(subscription)
            subscription = None
            await asyncio.sleep(0.1)


async def _fetch(
    subscription: JetStreamContext.PullSubscription, delivered: int, reconnected: asyncio.Event
) -> list[Msg]:
    """The next events. After a reconnection the server may have forgotten the request: raises at once.

    Without a heartbeat: what arrived between two calls makes nats-py ask with a heartbeat but without a time limit,
    which the server refuses; what had arrived is lost then. `delivered` is compared, so that no loss goes unnoticed.
    """
    fetching = asyncio.ensure_future(subscription.fetch(_PULL, timeout=_PULL_SECONDS))
    back = asyncio.ensure_future(reconnected.wait())
    try:
        await asyncio.wait({fetching, back}, return_when=asyncio.FIRST_COMPLETED)
        if not fetching.done():
            raise TimeoutError("the connection was lost meanwhile")
        return fetching.result()
    except (TimeoutError, NatsError):
        if reconnected.is_set():
            raise
        info = await subscription.consumer_info()  # raises when the consumer is gone
        if info.delivered is not None and info.delivered.consumer_seq > delivered:
            raise TimeoutError(f"delivery {delivered + 1} did not arrive") from None
        return []
    finally:
        fetching.cancel()
        fetching.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody waits for it any more
        back.cancel()


async def _check_continuity(bus: Bus, position: Position) -> None:
    info = await bus.nats.jetstream(timeout=3).stream_info(STREAM)
    first, last = info.state.first_seq, info.state.last_seq
    if str(info.created) != position.created:
        raise StreamReset("the stream was made anew")
    if last < position.seq:
        raise StreamReset(f"the stream went back from {position.seq} to {last}")
    if first > position.seq + 1 and last > position.seq:
        raise StreamReset(f"events {position.seq + 1} to {first - 1} are gone")


async def _subscribe(bus: Bus, position: Position, subject: str) -> JetStreamContext.PullSubscription:
    await _check_continuity(bus, position)
    js = bus.nats.jetstream(timeout=3)
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=position.seq + 1,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=60,
        mem_storage=True,
    )
    return await js.pull_subscribe(subject, stream=STREAM, config=config)


async def _drop(subscription: JetStreamContext.PullSubscription | None) -> None:
    if subscription is None:
        return
    try:
        await subscription.unsubscribe()
    except (NatsError, OSError) as error:
        log.debug("unsubscribe_failed", error=str(error))
