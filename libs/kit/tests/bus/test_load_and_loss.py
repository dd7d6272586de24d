"""Many calls at once, a connection that goes away, a service that stops."""

import asyncio
from dataclasses import replace

import pytest
from hive_kit.bus import Bus, Caller, CallError, Service
from hive_kit.testing import TestNats, eventually
from hive_wire.errors import ErrorCode
from hive_wire.names import Role

from .conftest import ECHO, Answer, Said

LONG = 60.0


class Gate:
    """A handler that holds every request until it is opened."""

    def __init__(self) -> None:
        self.inside = 0
        self.open = asyncio.Event()

    async def hold(self, _caller: Caller, said: Said) -> Said:
        self.inside += 1
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return said

    async def number(self) -> int:
        return self.inside


async def until_inside(gate: Gate, number: int) -> None:
    await eventually(gate.number, lambda n: n == number)


async def test_a_hundred_long_polls_wait_side_by_side(answer: Answer, operator: Bus) -> None:
    gate = Gate()
    await answer(gate.hold)
    calls = [asyncio.ensure_future(operator.call(ECHO, Said(number=n), timeout=LONG)) for n in range(100)]
    await until_inside(gate, 100)
    gate.open.set()
    assert [reply.number for reply in await asyncio.gather(*calls)] == list(range(100))


async def test_one_caller_gets_half_of_a_verbs_hands_and_hears_busy_beyond(answer: Answer, operator: Bus) -> None:
    gate = Gate()
    await answer(gate.hold, limit=4)
    first = [asyncio.ensure_future(operator.call(ECHO, Said(), timeout=LONG)) for _ in range(2)]
    await until_inside(gate, 2)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said(), timeout=LONG)
    assert refused.value.code is ErrorCode.BUSY
    gate.open.set()
    await asyncio.gather(*first)
    assert await operator.call(ECHO, Said(number=1)) == Said(number=1)


async def test_a_verb_with_its_hands_full_is_busy_for_everybody(answer: Answer, operator: Bus, nats: TestNats) -> None:
    gate = Gate()
    for_core_too = replace(ECHO, roles=ECHO.roles | {Role.CORE})
    await answer(gate.hold, for_core_too, limit=2)
    lifecycle, dashboard = await nats.bus("lifecycle"), await nats.bus("dashboard")
    held = [asyncio.ensure_future(bus.call(for_core_too, Said(), timeout=LONG)) for bus in (lifecycle, dashboard)]
    await until_inside(gate, 2)
    with pytest.raises(CallError) as refused:
        await operator.call(for_core_too, Said(), timeout=LONG)
    assert refused.value.code is ErrorCode.BUSY
    gate.open.set()
    await asyncio.gather(*held)


async def test_a_lost_connection_fails_what_is_pending_at_once(answer: Answer, operator: Bus, nats: TestNats) -> None:
    gate = Gate()
    await answer(gate.hold)
    calls = [asyncio.ensure_future(operator.call(ECHO, Said(), timeout=3600)) for _ in range(5)]
    await until_inside(gate, 5)
    nats.kill()
    done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 30)
    assert [error.code for error in done if isinstance(error, CallError)] == [ErrorCode.DISCONNECTED] * 5
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said(), timeout=3600)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert not operator.up.is_set()
    gate.open.set()


async def test_after_a_kill_of_the_server_calls_go_on(answer: Answer, operator: Bus, nats: TestNats) -> None:
    woken = asyncio.Event()
    operator.on_up.append(woken.set)

    async def echo(_caller: Caller, said: Said) -> Said:
        return said

    await answer(echo)
    for number in range(2):
        woken.clear()
        await nats.restart()
        reply = await asyncio.wait_for(operator.call_persistently(ECHO, Said(number=number)), 30)
        assert reply.number == number
        await asyncio.wait_for(woken.wait(), 10)
    assert operator.up.is_set()
    assert not operator.closed.is_set()


async def test_a_rolling_restart_under_load_fails_no_request(nats: TestNats, operator: Bus) -> None:
    async def work(_caller: Caller, said: Said) -> Said:
        return said

    async def start() -> tuple[Bus, Service]:
        bus = await nats.bus("broker")
        service = Service(bus, "broker", "1.0.0", "one of two")
        service.add(ECHO, work)
        await service.start()
        return bus, service

    over = asyncio.Event()
    failures: list[CallError] = []
    answered = 0

    async def keep_calling() -> None:
        nonlocal answered
        while not over.is_set():
            try:
                await operator.call(ECHO, Said(number=1), timeout=5)
                answered += 1
            except CallError as error:
                failures.append(error)

    running = [await start(), await start()]
    callers = [asyncio.ensure_future(keep_calling()) for _ in range(32)]
    for _ in range(20):
        before = answered
        running.append(await start())
        bus, service = running.pop(0)
        await service.stop()
        await bus.close()

        async def look() -> int:
            return answered

        await eventually(look, lambda now, before=before: now > before + 64)
    over.set()
    await asyncio.gather(*callers)
    assert failures == []
    assert answered > 20 * 64
    for _, service in running:
        await service.stop()


async def test_a_stop_does_not_wait_for_long_polls(operator: Bus, nats: TestNats) -> None:
    gate = Gate()
    service = Service(await nats.bus("broker"), "broker", "1.0.0", "polls")
    service.add(ECHO, gate.hold, long_poll=True)
    await service.start()
    call = asyncio.ensure_future(operator.call(ECHO, Said(), timeout=LONG))
    await until_inside(gate, 1)
    await service.stop(grace_seconds=LONG)
    with pytest.raises(CallError) as refused:
        await call
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_a_service_that_starts_anew_fails_what_was_asked_of_its_predecessor(
    operator: Bus, nats: TestNats
) -> None:
    gate = Gate()
    killed = Service(await nats.bus("broker"), "broker", "1.0.0", "will never answer")
    killed.add(ECHO, gate.hold)
    await killed.start()
    call = asyncio.ensure_future(operator.call(ECHO, Said(), timeout=LONG))
    await until_inside(gate, 1)
    other = asyncio.ensure_future(operator.request("hive.from.operator.approvals.echo", b"{}", LONG))
    successor = Service(await nats.bus("broker"), "broker", "1.0.0", "starts anew")
    await successor.start()
    await successor.announce(["operator"])
    with pytest.raises(CallError) as refused:
        await asyncio.wait_for(call, 10)
    assert refused.value.code is ErrorCode.DISCONNECTED
    with pytest.raises(CallError) as untouched:
        await other
    assert untouched.value.code is ErrorCode.UNAVAILABLE
    await successor.stop()
    await killed.stop(grace_seconds=0.05)


async def test_a_stop_answers_what_outlives_its_grace(operator: Bus, nats: TestNats) -> None:
    gate = Gate()
    bus = await nats.bus("broker")
    service = Service(bus, "broker", "1.0.0", "polls")
    service.add(ECHO, gate.hold)
    await service.start()
    call = asyncio.ensure_future(operator.call(ECHO, Said(), timeout=LONG))
    await until_inside(gate, 1)
    await service.stop(grace_seconds=0.05)
    await bus.close()
    with pytest.raises(CallError) as refused:
        await asyncio.wait_for(call, 10)
    assert refused.value.code is ErrorCode.UNAVAILABLE
