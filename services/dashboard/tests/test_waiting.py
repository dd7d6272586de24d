"""What waits for the operator, on the page's snapshot and stream."""

from typing import Any

import pytest
from hive_wire import approvals, broker
from hive_wire.approvals import ApprovalStatus, BrokenRow, Outcome
from hive_wire.broker import MessageState, ReminderState


async def test_the_first_page_shows_everything_that_waits(swarm: Any) -> None:
    await swarm.dashboard.stop()
    await swarm.lifecycle.put("coder")
    await swarm.approvals.put(approvals.REQUESTED)
    await swarm.approvals.put(approvals.RESOLVED, ApprovalStatus.DENIED, 2)
    await swarm.approvals.ask()
    await swarm.approvals.ask("coder", 2)
    await swarm.approvals.draft("scribe")
    swarm.approvals.broken = [BrokenRow(table="questions", id=9, error="no JSON")]
    await swarm.broker.remind("coder")
    await swarm.broker.add("coder", "operator", "look")
    await swarm.dashboard.start()
    snapshot = await (await swarm.page()).snapshot()
    assert [approval["id"] for approval in snapshot["approvals"]] == [1]
    assert snapshot["approvals_resolved"] == 1
    assert [question["id"] for question in snapshot["questions"]] == [1]
    assert [draft["name"] for draft in snapshot["drafts"]] == ["scribe"]
    assert [(reminder["owner"], snapshot["reminders_total"]) for reminder in snapshot["reminders"]] == [("coder", 1)]
    assert [message["body"] for message in snapshot["inbox"]] == ["look"]
    assert [row["id"] for row in snapshot["broken"]] == [9]
    assert [tile["reminders"] for tile in snapshot["agents"]] == [1]
    assert snapshot["swarm"]["unreachable"] == []


@pytest.mark.spec("DSH-4", door="http")
@pytest.mark.spec("DSH-15", door="http")
async def test_an_approvals_way_shows_at_once(swarm: Any) -> None:
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        way = (
            (approvals.REQUESTED, ApprovalStatus.PENDING),
            (approvals.DECIDED, ApprovalStatus.APPROVED),
            (approvals.BUILDING, ApprovalStatus.BUILDING),
            (approvals.RESOLVED, ApprovalStatus.DEPLOYED),
        )
        for event, status in way:
            await swarm.approvals.put(event, status)
            told = (await events.kind("approval")).data
            assert (told["approval"]["status"], told["approval"]["description"]) == (status, "two\nlines")
            waiting = [approval["status"] for approval in (await page.snapshot())["approvals"]]
            assert waiting == ([] if status is ApprovalStatus.DEPLOYED else [status])
        assert told["resolved"] == (await page.snapshot())["approvals_resolved"] == 1


@pytest.mark.spec("DSH-14", door="http")
async def test_a_question_comes_and_ends_on_the_page(swarm: Any) -> None:
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.approvals.ask("scribe", 1)
        await swarm.approvals.ask(number=2, multi=True)
        told = (await events.kind("question")).data["question"]
        assert (told["id"], told["options"], told["multi"]) == (2, ["yes", "no"], True)
        await swarm.approvals.ask(number=2, outcome=Outcome.EXPIRED, answer="[expired]", answerer="ttl-watchdog")
        told = (await events.kind("question")).data["question"]
        assert (told["outcome"], told["answer"], told["answerer"]) == ("expired", "[expired]", "ttl-watchdog")
    assert (await page.snapshot())["questions"] == []


@pytest.mark.spec("DSH-15", door="http")
async def test_drafts_come_and_go_on_the_page(swarm: Any) -> None:
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.approvals.draft("scribe")
        assert (await events.kind("draft")).data["draft"]["name"] == "scribe"
        await swarm.approvals.discard("scribe")
        assert (await events.kind("draft_removed")).data["name"] == "scribe"
    assert (await page.snapshot())["drafts"] == []


@pytest.mark.spec("DSH-18", door="http")
async def test_reminders_show_with_their_agents_count(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        for state, count in ((ReminderState.PENDING, 1), (ReminderState.FAILED, 1), (ReminderState.CANCELLED, 0)):
            await swarm.broker.remind("coder", state, 1)
            told = (await events.kind("reminder")).data
            assert (told["reminder"]["state"], told["total"]) == (state, count)
            assert (await events.kind("agent")).data["agent"]["reminders"] == count
    assert (await page.snapshot())["reminders"] == []


@pytest.mark.spec("DSH-16", door="http")
async def test_the_inbox_holds_unhandled_mail_however_old(swarm: Any) -> None:
    await swarm.dashboard.stop()
    await swarm.broker.add("coder", "operator", "old")
    await swarm.broker.add("coder", "operator", "done")
    for state, event in ((MessageState.IN_FLIGHT, broker.DELIVERED), (MessageState.ACKED, broker.ACKED)):
        await swarm.broker.move(2, state, event)
    for n in range(5):
        await swarm.broker.add("coder", "manager", str(n))
    swarm.broker.snapshot_messages = 2
    await swarm.dashboard.start()
    page = await swarm.page()
    snapshot = await page.snapshot()
    assert [message["body"] for message in snapshot["inbox"]] == ["old"]
    assert [message["body"] for message in snapshot["messages"]] == ["3", "4"]
    async with page.events(snapshot["position"]) as events:
        await page.post("/api/messages/1/handled")
        await events.kind("receipt")
    assert (await page.snapshot())["inbox"] == []


async def test_more_unhandled_mail_than_one_page_of_the_broker_is_taken(swarm: Any) -> None:
    await swarm.dashboard.stop()
    for n in range(1, 621):
        await swarm.broker.add("coder", "operator", str(n))
    await swarm.dashboard.start()
    snapshot = await (await swarm.page()).snapshot()
    assert [message["body"] for message in snapshot["inbox"]] == [str(n) for n in range(1, 621)]
    assert snapshot["inbox_more"] is False


async def test_agents_questions_among_themselves_crowd_out_none_to_the_operator(swarm: Any) -> None:
    await swarm.dashboard.stop()
    for n in range(1, 621):
        await swarm.approvals.ask("operator" if n % 3 else "scribe", n)
    swarm.approvals.snapshot_questions = 10
    await swarm.dashboard.start()
    snapshot = await (await swarm.page()).snapshot()
    assert [question["id"] for question in snapshot["questions"]] == [n for n in range(1, 621) if n % 3]
    assert snapshot["questions_more"] is False


@pytest.mark.spec("DSH-16", door="http")
async def test_the_inbox_can_be_read_back_in_pages(swarm: Any) -> None:
    page = await swarm.page()
    for n in range(1, 5):
        await swarm.broker.add("coder", "operator", str(n))
    await swarm.broker.add("coder", "manager", "not mine")
    await page.post("/api/messages/2/handled")
    older = (await page.get("/api/inbox?before=4&limit=2")).json()
    assert ([message["id"] for message in older["messages"]], older["more"]) == ([2, 3], True)
    waiting = (await page.get("/api/inbox?open=true")).json()
    assert [message["id"] for message in waiting["messages"]] == [1, 3, 4]


async def unreachable(page: Any) -> list[str]:
    return (await page.snapshot())["swarm"]["unreachable"]


async def test_decisions_that_cannot_be_reached_are_said_to_be_missing(swarm: Any, when: Any) -> None:
    await swarm.dashboard.stop()
    await swarm.approvals.stop()
    await swarm.approvals.put(approvals.REQUESTED)
    await swarm.broker.add("coder", "operator", "still shown")
    await swarm.dashboard.start()
    page = await swarm.page()
    snapshot = await page.snapshot()
    assert (snapshot["swarm"]["unreachable"], snapshot["approvals"]) == (["approvals"], [])
    assert [message["body"] for message in snapshot["inbox"]] == ["still shown"]
    refused = await page.get("/api/approvals/1/diff")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    async with page.events(snapshot["position"]) as events:
        await swarm.approvals.start()
        assert (await events.end())[-1].kind == "reset"
    assert [approval["id"] for approval in (await page.snapshot())["approvals"]] == [1]
    await when(lambda: unreachable(page), lambda names: names == [])


async def test_a_restored_approvals_database_makes_pages_begin_anew(swarm: Any) -> None:
    page = await swarm.page()
    await swarm.approvals.put(approvals.REQUESTED)
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.approvals.stop()
        swarm.approvals.store, swarm.approvals.n, swarm.approvals.approvals = "restored", 0, {}
        await swarm.approvals.start()
        assert (await events.end())[-1].kind == "reset"
    assert (await page.snapshot())["approvals"] == []
