"""Lifecycle's events as mail, each once."""

import pytest
from hive_kit.stream import ensure_stream
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import broker as wire
from hive_wire import lifecycle
from hive_wire.model import Wire
from hive_wire.names import MANAGER


async def _publish(nats: TestNats, subject: str, payload: Wire, event_id: str) -> None:
    bus = await nats.bus("lifecycle")
    await ensure_stream(bus)
    await bus.nats.jetstream().publish(subject, payload.model_dump_json().encode(), headers={"Nats-Msg-Id": event_id})


async def _inbox(nats: TestNats, name: str) -> list[wire.Message]:
    operator = await nats.bus("operator")
    return (await operator.call(wire.RECENT, wire.RecentRequest(inbox=name))).messages


@pytest.mark.spec("MSG-10", door="wire")
async def test_an_agent_that_was_started_gets_a_system_message_once(nats: TestNats, broker: ServiceProcess) -> None:
    bus = await nats.bus("lifecycle")
    await bus.call(wire.OPEN_INBOX, wire.InboxName(name="scout"))
    ended = lifecycle.ActionEnded(action=1, agent="scout", ok=True, requested_by="operator")
    await _publish(nats, lifecycle.STARTED.subject, ended, "lifecycle:s:1")
    seen = await eventually(lambda: _inbox(nats, "scout"))
    assert [(m.sender, m.kind) for m in seen] == [("system", "system")]
    assert "notes" in seen[0].body

    broker.kill()
    await _publish(nats, lifecycle.RESTARTED.subject, ended, "lifecycle:s:2")
    await broker.start()
    await eventually(lambda: _inbox(nats, "scout"), lambda seen: len(seen) == 2)


@pytest.mark.spec("WAT-1", door="wire")
async def test_the_manager_hears_of_a_crash_but_not_of_its_own(nats: TestNats, broker: ServiceProcess) -> None:
    bus = await nats.bus("lifecycle")
    for name in ("scout", MANAGER):
        await bus.call(wire.OPEN_INBOX, wire.InboxName(name=name))
    for number, agent in enumerate((MANAGER, "scout")):
        crashed = lifecycle.Crashed(agent=agent, exit="signal 9")
        await _publish(nats, lifecycle.CRASHED.subject, crashed, f"lifecycle:s:{number}")
    (mail,) = await eventually(lambda: _inbox(nats, MANAGER))
    assert mail.body == '{"event": "container_crash", "agent": "scout", "exit": "signal 9"}'
