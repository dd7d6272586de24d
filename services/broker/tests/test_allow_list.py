"""Whom an agent may write to, as its configuration says."""

import pytest
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal


async def _open(nats: TestNats, name: str, may_write_to: list[str] | None = None) -> None:
    lifecycle = await nats.bus("lifecycle")
    await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name=name, may_write_to=may_write_to))


async def _send(bus: Bus, to: str, key: str = "k") -> wire.SendReply:
    return await bus.call(wire.SEND, wire.SendRequest(to=to, body="hello", key=key))


async def _refused(bus: Bus, to: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await _send(bus, to, f"refused-{to}")
    assert refused.value.code is ErrorCode.NOT_ALLOWED
    return refused.value


@pytest.mark.spec("MSG-13", door="wire")
async def test_a_send_outside_the_senders_list_is_refused_and_stores_nothing(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "coder")
    await _open(nats, "scout", ["operator"])
    scout, coder, operator = [await nats.bus(name) for name in ("scout", "coder", "operator")]
    refusal = await _refused(scout, "coder")
    assert refusal.details["allowed"] == ["operator"]
    assert (await operator.call(wire.HISTORY, wire.HistoryRequest())).messages == []
    await _send(scout, "operator")
    await _send(scout, "scout", "to myself")
    for other in (coder, operator):  # the list is about whom scout writes to, not about who writes to scout
        await _send(other, "scout")


@pytest.mark.spec("MSG-13", door="wire")
async def test_an_empty_list_lets_it_write_to_nobody(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", [])
    assert (await _refused(await nats.bus("scout"), "operator")).details["allowed"] == []


@pytest.mark.spec("MSG-13", door="wire")
async def test_the_list_outlives_a_kill_and_each_opening_sets_it_anew(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", [])
    scout = await nats.bus("scout")
    broker.kill()
    await broker.start()
    await _refused(scout, "operator")
    await _open(nats, "scout")
    await _send(scout, "operator")
    await _open(nats, "scout", ["manager"])
    await _refused(scout, "operator")


async def test_a_retry_of_what_was_stored_is_answered_when_the_list_has_become_narrower(
    nats: TestNats, broker: ServiceProcess
) -> None:
    await _open(nats, "scout")
    scout = await nats.bus("scout")
    first = await _send(scout, "operator", "k")
    await _open(nats, "scout", [])
    again = await _send(scout, "operator", "k")
    assert (again.id, again.repeated) == (first.id, True)
