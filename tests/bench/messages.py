"""BEN-1 to BEN-3: sending and receiving one message, and many at once, through the real broker with its relay."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hive_wire import broker as wire

from tests.bench.figures import Figure, Progress, at_least, at_most, over_rounds, percentile
from tests.bench.raw_commits import OrmStore, RawCommits
from tests.bench.rig import BODY, Rig
from tests.bench.sizes import Size

IN_FLIGHT = 64


Samples = list[list[float]]


async def durable_send(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """BEN-1: one send at a time, its event relayed, against a plain request plus one synced commit."""
    raw = RawCommits(rig.folder / "raw-1.db")
    plain: Samples = []
    commits: Samples = []
    ours: Samples = []
    payload = rig.request().model_dump_json().encode()
    before = await rig.events()
    for number in range(size.rounds + 1):
        plain.append([await _timed(rig.plain_request(payload)) for _ in range(size.single)])
        commits.append(raw.seconds(size.single, BODY))
        ours.append([await _timed(rig.operator.call(wire.SEND, rig.request())) for _ in range(size.single)])
        await rig.relayed(before + len(ours) * size.single)
        shown = f"{_ms(ours[-1])} send, {_ms(plain[-1])} plain, {_ms(commits[-1])} commit"
        say(f"BEN-1 round {number} of {size.rounds}: {shown}")
    raw.close()
    limit = (_over(plain, 0.5) + _over(commits, 0.5)) * 1e3
    n = size.rounds * size.single
    work = f"durable send, 1 in flight, p50, events relayed (n={n})"
    return [at_most("BEN-1", work, _over(ours, 0.5) * 1e3, limit, 4.0)]


@dataclass
class _Burst:
    seconds: list[float] = field(default_factory=list[float])
    rates: list[float] = field(default_factory=list[float])
    p99: list[float] = field(default_factory=list[float])


async def many_sends(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """BEN-2: 64 sends in flight until every event is in the stream, against plain requests and an ORM."""
    orm_store = OrmStore(rig.folder / "orm.db")
    plain, ours, orm = _Burst(), _Burst(), _Burst()
    payload = rig.request().model_dump_json().encode()
    sent = await rig.events()
    for number in range(size.rounds + 1):
        await _burst(plain, size.many * 2, lambda: rig.plain_request(payload))
        await _burst(orm, size.many // 4, lambda: orm_store.send(BODY))
        sent += size.many
        await _burst(ours, size.many, lambda: rig.operator.call(wire.SEND, rig.request()), rig.relayed(sent))
        shown = f"{ours.rates[-1]:,.0f}/s, p99 {ours.p99[-1] * 1e3:.1f} ms"
        beside = f"plain {plain.rates[-1]:,.0f}/s, ORM {orm.rates[-1]:,.0f}/s"
        say(f"BEN-2 round {number} of {size.rounds}: {shown}; {beside}")
    orm_store.close()
    rate, plain_rate, orm_rate = (statistics.median(b.rates[1:]) for b in (ours, plain, orm))
    p99, plain_p99 = (statistics.median(b.p99[1:]) * 1e3 for b in (ours, plain))
    work = f"durable sends, {IN_FLIGHT} in flight, events relayed (n={size.rounds * size.many})"
    return [
        at_least("BEN-2 plain", f"{work}, against plain requests", rate, plain_rate, 0.10, "1/s"),
        at_least("BEN-2 orm", f"{work}, against an ORM with one commit each", rate, orm_rate, 5, "1/s"),
        Figure("BEN-2 p99", f"{work}, p99", p99, plain_p99, "p99 ≤ 40 ms", p99 <= 40, "ms"),
    ]


async def stored_to_returned(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """BEN-3: from the broker's own time of storing to the return of the receive that waited for it."""
    scout = await rig.nats.bus("scout")
    epoch = (await scout.call(wire.REQUEUE_INFLIGHT, wire.RequeueRequest(start_key=f"bench-{time.time()}"))).epoch
    await _empty(scout_call=scout.call, epoch=epoch)
    plain: Samples = []
    ours: Samples = []
    payload = rig.request().model_dump_json().encode()
    for number in range(size.rounds + 1):
        plain.append([])
        ours.append([])
        for _ in range(size.single):
            rig.keys += 1
            turn = f"t{rig.keys}"
            ask = wire.RecvRequest(epoch=epoch, turn=turn, key=turn, wait_seconds=30)
            waiting = asyncio.create_task(scout.call(wire.RECV, ask))
            await asyncio.sleep(0.004)  # it is parked by then, and the last one's events are out
            plain[-1].append(await _timed(rig.plain_request(payload)))
            sending = asyncio.create_task(rig.operator.call(wire.SEND, rig.request()))
            reply = await waiting
            returned = datetime.now(UTC)
            ours[-1].append((returned - reply.messages[0].stored_at).total_seconds())
            await sending
            ids = [m.id for m in reply.messages]
            await scout.call(wire.ACK_TURN, wire.AckRequest(epoch=epoch, turn=turn, ids=ids))
        mine, beside = (f"{_ms(s[-1])} p50, {percentile(s[-1], 0.99) * 1e3:.2f} ms p99" for s in (ours, plain))
        say(f"BEN-3 round {number} of {size.rounds}: {mine}; plain {beside}")
    work = f"stored → returned by a waiting recv (n={size.rounds * size.single})"
    return [
        at_most("BEN-3 p50", f"{work}, p50", _over(ours, 0.5) * 1e3, _over(plain, 0.5) * 1e3, 6),
        at_most("BEN-3 p99", f"{work}, p99", _over(ours, 0.99) * 1e3, _over(plain, 0.99) * 1e3, 15),
    ]


async def _empty(scout_call: Callable[..., Awaitable[object]], epoch: int) -> None:
    for number in range(1 << 30):
        turn = f"empty-{number}"
        reply = await scout_call(wire.RECV, wire.RecvRequest(epoch=epoch, turn=turn, key=turn))
        assert isinstance(reply, wire.RecvReply)
        if not reply.messages:
            return
        ids = [m.id for m in reply.messages]
        await scout_call(wire.ACK_TURN, wire.AckRequest(epoch=epoch, turn=turn, ids=ids))


async def _burst(
    into: _Burst,
    count: int,
    request: Callable[[], Awaitable[object]],
    finish: Awaitable[None] | None = None,
) -> None:
    left = iter(range(count))
    taken: list[float] = []

    async def work() -> None:
        for _ in left:
            taken.append(await _timed(request()))

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    if finish is not None:
        await finish
    into.rates.append(count / (time.perf_counter() - began))
    into.p99.append(percentile(taken, 0.99))


async def _timed(request: Awaitable[object]) -> float:
    began = time.perf_counter()
    await request
    return time.perf_counter() - began


def _over(rounds: Samples, share: float) -> float:
    """Over all rounds but the first, which warms up."""
    return over_rounds(rounds[1:], share)


def _ms(samples: list[float]) -> str:
    return f"{percentile(samples, 0.5) * 1e3:.2f} ms"
