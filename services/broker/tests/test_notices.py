"""Other services' events as mail, each once."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from hive_kit.stream import ensure_stream
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import approvals, helper_events, lifecycle
from hive_wire import broker as wire
from hive_wire.model import Wire
from hive_wire.names import MANAGER, OPERATOR
from hive_wire.verb import Event

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def _publish(nats: TestNats, event: Event[Any], payload: Wire, number: int = 1) -> None:  # Any: any event's model
    bus = await nats.bus(event.service)
    await ensure_stream(bus)
    headers = {"Nats-Msg-Id": f"{event.service}:s:{number}"}
    await bus.nats.jetstream().publish(event.subject, payload.model_dump_json().encode(), headers=headers)


async def _open(nats: TestNats, *names: str) -> None:
    bus = await nats.bus("lifecycle")
    for name in names:
        await bus.call(wire.OPEN_INBOX, wire.InboxName(name=name))


async def _inbox(nats: TestNats, name: str) -> list[wire.Message]:
    operator = await nats.bus("operator")
    return (await operator.call(wire.RECENT, wire.RecentRequest(inbox=name))).messages


async def _told(nats: TestNats, name: str, number: int = 1) -> list[helper_events.HelperEvent]:
    """The helper events in an inbox, once there are so many messages."""
    seen = await eventually(lambda: _inbox(nats, name), lambda mail: len(mail) >= number)
    assert {(m.sender, m.kind) for m in seen} == {("system", wire.MessageKind.SYSTEM)}
    return [helper_events.parse(m.body) for m in seen]


def _ended(agent: str = "scout", *, ok: bool = True, error: str | None = None, purged: bool = False) -> Wire:
    return lifecycle.ActionEnded(action=1, agent=agent, ok=ok, error=error, requested_by=OPERATOR, purged=purged)


def _approval(status: approvals.ApprovalStatus, note: str | None = None) -> approvals.ApprovalChanged:
    return approvals.ApprovalChanged(
        approval=approvals.Approval(
            id=7,
            kind=approvals.ApprovalKind.APPLY_COMMIT,
            agent="scout",
            status=status,
            commit="c" * 40,
            base=None,
            description="",
            requested_by=MANAGER,
            requested_at=NOW,
            notes=[],
            note=note,
        )
    )


def _question(asker: str, to: str, **ended: Any) -> approvals.QuestionChanged:  # Any: the fields of an answer
    return approvals.QuestionChanged(
        question=approvals.Question(
            id=3,
            asker=asker,
            to=to,
            question="Tea or coffee?",
            options=["tea", "coffee"],
            multi=False,
            asked_at=NOW,
            deadline=NOW,
            **ended,
        )
    )


@pytest.mark.spec("MSG-10", door="wire")
async def test_an_agent_that_came_up_gets_a_system_message(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout")
    cases: list[tuple[Event[lifecycle.ActionEnded], Wire]] = [
        (lifecycle.STARTED, _ended()),
        (lifecycle.REBUILT, _ended(ok=False)),
        (lifecycle.STOPPED, _ended()),
        (lifecycle.RESTARTED, _ended()),
        (lifecycle.REBUILT, _ended()),
    ]
    for number, (event, payload) in enumerate(cases):
        await _publish(nats, event, payload, number)
    seen = await eventually(lambda: _inbox(nats, "scout"), lambda mail: len(mail) >= 3)
    assert {(m.sender, m.kind) for m in seen} == {("system", wire.MessageKind.SYSTEM)}
    assert ["You were started" in m.body for m in seen] == [True, False, False]
    assert ["restarted" in m.body for m in seen] == [False, True, False]
    assert ["rebuilt" in m.body for m in seen] == [False, False, True]
    assert all("notes" in m.body for m in seen)


@pytest.mark.spec("EVT-1", door="wire")
async def test_the_manager_hears_what_became_of_an_approval(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, MANAGER)
    status = approvals.ApprovalStatus
    cases = (
        (approvals.REQUESTED, status.PENDING, None),
        (approvals.DECIDED, status.APPROVED, None),
        (approvals.RESOLVED, status.DEPLOYED, None),
        (approvals.DECIDED, status.DENIED, "too broad"),
        (approvals.RESOLVED, status.DENIED, "too broad"),
        (approvals.RESOLVED, status.FAILED, "it does not build"),
        (approvals.RESOLVED, status.SUPERSEDED, "rebase it"),
    )
    for number, (event, how, note) in enumerate(cases):
        await _publish(nats, event, _approval(how, note), number)
    told = await _told(nats, MANAGER, 4)
    assert [e.model_dump() for e in told] == [
        {
            "event": "approval_resolved",
            "id": 7,
            "agent": "scout",
            "kind": approvals.ApprovalKind.APPLY_COMMIT,
            "status": how,
            "note": note,
        }
        for how, note in (
            (status.APPROVED, None),
            (status.DENIED, "too broad"),
            (status.FAILED, "it does not build"),
            (status.SUPERSEDED, "rebase it"),
        )
    ]


@pytest.mark.spec("EVT-2", door="wire")
async def test_the_asked_agent_hears_of_a_question(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", "coder")
    await _publish(nats, approvals.ASKED, _question("coder", OPERATOR), 1)
    await _publish(nats, approvals.ASKED, _question("coder", "scout"), 2)
    assert await _told(nats, "scout") == [
        helper_events.QuestionAsked(
            id=3, asker="coder", question="Tea or coffee?", options=["tea", "coffee"], multi=False, deadline=NOW
        )
    ]
    assert await _inbox(nats, OPERATOR) == []
    assert await _inbox(nats, "coder") == []


@pytest.mark.spec("EVT-3", door="wire")
@pytest.mark.parametrize(
    ("asker", "answer", "answerer", "outcome"),
    [
        ("scout", "tea", OPERATOR, approvals.Outcome.ANSWERED),
        (OPERATOR, "coffee", "scout", approvals.Outcome.ANSWERED),
        ("scout", approvals.EXPIRED, approvals.TTL_WATCHDOG, approvals.Outcome.EXPIRED),
    ],
)
async def test_the_asker_hears_the_answer_and_who_gave_it(
    nats: TestNats, broker: ServiceProcess, asker: str, answer: str, answerer: str, outcome: approvals.Outcome
) -> None:
    await _open(nats, "scout")
    ended = _question(asker, "coder", answer=answer, answerer=answerer, outcome=outcome, answered_at=NOW)
    await _publish(nats, approvals.ANSWERED, ended)
    assert await _told(nats, asker) == [
        helper_events.QuestionAnswered(
            id=3, question="Tea or coffee?", answer=answer, answerer=answerer, outcome=outcome
        )
    ]


@pytest.mark.spec("EVT-4", door="wire")
async def test_the_manager_hears_how_actions_on_others_ended(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, MANAGER)
    cases: list[tuple[Event[lifecycle.ActionEnded], Wire]] = [
        (lifecycle.SPAWNED, _ended()),
        (lifecycle.REBUILT, _ended(ok=False, error="it does not start")),
        (lifecycle.STARTED, _ended()),
        (lifecycle.RESTARTED, _ended()),
        (lifecycle.STOPPED, _ended()),
        (lifecycle.STOPPED, _ended(MANAGER)),
        (lifecycle.KILLED, _ended()),
        (lifecycle.DESTROYED, _ended(purged=True)),
    ]
    for number, (event, payload) in enumerate(cases):
        await _publish(nats, event, payload, number)
    told = await _told(nats, MANAGER, 6)
    agent_event = helper_events.AgentEvent
    assert told == [
        agent_event(event="spawned", agent="scout", ok=True),
        agent_event(event="rebuilt", agent="scout", ok=False, error="it does not start"),
        agent_event(event="started", agent="scout", ok=True),
        agent_event(event="stopped", agent="scout", ok=True),
        agent_event(event="killed", agent="scout", ok=True),
        agent_event(event="destroyed", agent="scout", ok=True, purged=True),
    ]


@pytest.mark.spec("WAT-1", door="wire")
@pytest.mark.spec("EVT-5", door="wire")
async def test_the_manager_hears_of_a_crash_but_not_of_its_own(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, "scout", MANAGER)
    for number, agent in enumerate((MANAGER, "scout")):
        await _publish(nats, lifecycle.CRASHED, lifecycle.Crashed(agent=agent, exit="signal 9"), number)
    assert await _told(nats, MANAGER) == [helper_events.ContainerCrash(agent="scout", exit="signal 9")]


@pytest.mark.spec("EVT-6", door="wire")
async def test_the_manager_hears_of_logins_and_updates(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, MANAGER)
    notices = (
        (lifecycle.NEEDS_LOGIN, MANAGER),  # it could not read that
        (lifecycle.NEEDS_LOGIN, "scout"),
        (lifecycle.LOGGED_IN, "scout"),
        (lifecycle.NEEDS_UPDATE, "scout"),
    )
    for number, (event, agent) in enumerate(notices):
        await _publish(nats, event, lifecycle.Notice(agent=agent), number)
    assert await _told(nats, MANAGER, 3) == [
        helper_events.AgentNotice(event=event, agent="scout") for event in ("needs_login", "logged_in", "needs_update")
    ]


@pytest.mark.spec("EVT-7", door="wire")
async def test_events_while_the_broker_is_down_are_told_once_it_is_back(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, MANAGER, "scout")
    await _publish(nats, lifecycle.STOPPED, _ended())
    await _told(nats, MANAGER)
    broker.kill()
    await _publish(nats, lifecycle.KILLED, _ended(), 2)
    await _publish(nats, approvals.ASKED, _question("coder", "scout"))
    await broker.start()
    told = await _told(nats, MANAGER, 2)
    assert [e.event for e in told] == ["stopped", "killed"]
    assert [e.event for e in await _told(nats, "scout")] == ["question_asked"]


@pytest.mark.spec("EVT-7", door="wire")
async def test_events_that_are_handed_over_again_are_not_told_again(nats: TestNats, broker: ServiceProcess) -> None:
    await _open(nats, MANAGER)
    await _publish(nats, lifecycle.STOPPED, _ended())
    await _publish(nats, approvals.DECIDED, _approval(approvals.ApprovalStatus.APPROVED))
    await _told(nats, MANAGER, 2)
    broker.kill()
    with closing(sqlite3.connect(nats.folder / "broker.db")) as database, database:
        assert database.execute("DELETE FROM stream_position").rowcount == 2
    await broker.start()
    await _publish(nats, lifecycle.KILLED, _ended(), 2)
    await _publish(nats, approvals.RESOLVED, _approval(approvals.ApprovalStatus.FAILED), 2)
    told = await _told(nats, MANAGER, 4)
    assert sorted(e.event for e in told) == ["approval_resolved", "approval_resolved", "killed", "stopped"]


@pytest.mark.spec("EVT-7", door="wire")
async def test_what_the_manager_should_know_waits_for_its_inbox(nats: TestNats, broker: ServiceProcess) -> None:
    await _publish(nats, lifecycle.SPAWNED, _ended())

    async def stored() -> int:
        with closing(sqlite3.connect(nats.folder / "broker.db")) as database:
            return int(database.execute("SELECT count(*) FROM messages").fetchone()[0])

    await eventually(stored)
    await _open(nats, MANAGER)
    manager = await nats.bus(MANAGER)
    epoch = (await manager.call(wire.REQUEUE_INFLIGHT, wire.RequeueRequest(start_key="s"))).epoch
    reply = await manager.call(wire.RECV, wire.RecvRequest(epoch=epoch, turn="t", key="k"))
    assert [helper_events.parse(m.body).event for m in reply.messages] == ["spawned"]
    assert reply.waiting == 0
