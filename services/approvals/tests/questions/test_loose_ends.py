"""Loose ends: approvals and questions of approvals itself, reminders of a real broker."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hive_kit.testing import ServiceProcess
from hive_wire import approvals as wire
from hive_wire import broker as mail
from hive_wire.approvals import CancelRequest, LooseEndKind, LooseEnds
from hive_wire.errors import ErrorCode
from hive_wire.model import Empty

Swarm = Any  # the fixture's class, in conftest.py
_QUICK = {"sends_per_second": 10_000, "send_burst": 10_000}


@pytest.fixture
async def broker(swarm: Swarm) -> AsyncGenerator[ServiceProcess]:
    """A real broker with the agents' inboxes."""
    process = ServiceProcess("hive_broker", {**swarm.nats.settings("broker"), **_QUICK}, swarm.nats.folder)
    await process.start()
    for name in ("manager", "scout", "scribe"):
        await swarm.lifecycle.call(mail.OPEN_INBOX, mail.InboxName(name=name))
    yield process
    process.kill()


async def ends(swarm: Swarm, who: str) -> LooseEnds:
    return await (await swarm.bus(who)).call(wire.LOOSE_ENDS, Empty())


async def remind(swarm: Swarm, who: str, text: str) -> int:
    request = mail.RemindRequest(message=text, in_seconds=3600, key=text)
    return (await (await swarm.bus(who)).call(mail.REMIND, request)).id


async def cancel(swarm: Swarm, who: str, kind: LooseEndKind, number: int) -> None:
    await (await swarm.bus(who)).call(wire.CANCEL_LOOSE_END, CancelRequest(kind=kind, id=number))


def names(listed: LooseEnds) -> list[tuple[str, int]]:
    return [(end.kind, end.id) for end in listed.ends]


@pytest.mark.spec("LOO-1", door="wire")
async def test_everyone_sees_what_is_their_own_and_the_manager_and_operator_all(
    swarm: Swarm, broker: ServiceProcess
) -> None:
    first = ("question", (await swarm.ask("scout", "which?", ttl_seconds=600)).id)
    second = ("reminder", await remind(swarm, "scout", "look again"))
    third = ("question", (await swarm.ask("scribe", to="scout")).id)
    fourth = ("reminder", await remind(swarm, "operator", "mine"))
    fifth = ("approval", await request_spawn(swarm))
    for who, expected in (
        ("scout", [first, second, third]),
        ("scribe", [third]),
        ("manager", [first, second, third, fourth, fifth]),
        ("operator", [first, second, third, fourth, fifth]),
    ):
        listed = await ends(swarm, who)
        assert names(listed) == expected
        assert (listed.unreachable, listed.broken, listed.left_out) == ([], [], 0)
        assert all(0 <= end.age_seconds < 60 for end in listed.ends)
    question, reminder, *_ = (await ends(swarm, "scout")).ends
    assert (question.owner, question.waits_for, question.summary) == ("scout", "operator", "which?")
    assert (reminder.owner, reminder.waits_for, reminder.summary) == ("scout", "clock", "look again")
    assert question.due is not None
    assert reminder.due is not None
    await swarm.answer("operator", first[1], "this")
    assert names(await ends(swarm, "scout")) == [second, third]


@pytest.mark.spec("LOO-1", door="wire")
async def test_more_reminders_than_a_page_holds_are_all_there(swarm: Swarm, broker: ServiceProcess) -> None:
    for first in range(0, 1100, 100):
        await asyncio.gather(*(remind(swarm, "scout", str(n)) for n in range(first, first + 100)))
    listed = await ends(swarm, "operator")
    assert sorted(int(end.summary) for end in listed.ends) == list(range(1100))


async def test_without_the_broker_the_rest_is_shown_and_what_is_missing_is_said(swarm: Swarm) -> None:
    question = await swarm.ask("scout")
    listed = await ends(swarm, "scout")
    assert names(listed) == [("question", question.id)]
    assert listed.unreachable == ["broker"]


@pytest.mark.spec("LOO-2", door="wire")
async def test_one_cancels_ones_own_and_the_manager_any(swarm: Swarm, broker: ServiceProcess) -> None:
    for by in ("scout", "manager", "operator"):
        question = (await swarm.ask("scout", to="scribe")).id
        reminder = await remind(swarm, "scout", f"before {by}")
        for kind, number in ((LooseEndKind.QUESTION, question), (LooseEndKind.REMINDER, reminder)):
            refusal = await swarm.refusal(cancel(swarm, "scribe", kind, number))
            assert refusal.code in (ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND)
            await cancel(swarm, by, kind, number)
            assert (kind, number) not in names(await ends(swarm, "operator"))
            again = await swarm.refusal(cancel(swarm, by, kind, number))
            assert again.code in (ErrorCode.ALREADY_ANSWERED, ErrorCode.NOT_PENDING)
    assert (await swarm.question(question)).answer == "[cancelled]"


@pytest.mark.spec("LOO-2", door="wire")
async def test_an_approval_is_denied_and_not_cancelled(swarm: Swarm) -> None:
    refusal = await swarm.refusal(cancel(swarm, "manager", LooseEndKind.APPROVAL, 1))
    assert refusal.code == ErrorCode.BAD_REQUEST


async def test_the_oldest_come_first_and_as_many_as_a_reply_holds(swarm: Swarm) -> None:
    await asyncio.gather(*(swarm.ask("scout", "ü" * 32_000) for _ in range(80)))
    listed = await ends(swarm, "operator")
    assert len(listed.ends) + listed.left_out == 80
    assert listed.left_out > 0
    assert [end.id for end in listed.ends] == sorted(end.id for end in listed.ends)


async def test_a_flood_of_questions_does_not_stop_projections_from_starting(swarm: Swarm) -> None:
    await asyncio.gather(
        *(swarm.ask("scout", "ü" * 32_000, options=["ü" * 900 + str(n) for n in range(40)]) for _ in range(70))
    )
    snapshot = await (await swarm.bus("dashboard")).call(wire.SNAPSHOT, Empty())
    assert snapshot.questions[0].id == 1
    assert 0 < len(snapshot.questions) == 70 - snapshot.questions_left_out < 70


async def request_spawn(swarm: Swarm) -> int:
    request = wire.SpawnRequest(name="newcomer", description="a new one", key="spawn")
    return (await (await swarm.bus("manager")).call(wire.REQUEST_SPAWN, request)).id
