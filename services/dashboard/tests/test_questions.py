"""Questions on the page: answering, cancelling, holding, and being too late. The real approvals service."""

import asyncio
from typing import Any

import pytest
from hive_kit.testing import eventually
from hive_wire import approvals
from hive_wire.approvals import AskRequest, QuestionId


async def ask(deciding: Any, asker: str = "coder", **fields: Any) -> int:
    """An agent asks; returns the question's id."""
    bus = await deciding.nats.bus(asker)
    request = AskRequest.model_validate({"question": "Tea?", "key": f"{asker}{fields}", **fields})
    return (await bus.call(approvals.ASK, request)).id


async def open_questions(page: Any) -> list[int]:
    return [question["id"] for question in (await page.snapshot())["questions"]]


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.spec("ASK-2", door="http")
@pytest.mark.spec("DSH-14", door="http")
async def test_an_answer_is_the_chosen_options_and_the_text(deciding: Any) -> None:
    number = await ask(deciding, options=["black", "green", "white"], multi=True)
    page = await deciding.page()
    await eventually(lambda: open_questions(page), lambda ids: ids == [number])
    async with page.events((await page.snapshot())["position"]) as events:
        form = {"options": ["white", "black"], "text": "with milk"}
        answered = (await page.post(f"/api/questions/{number}/answer", form)).json()
        assert (answered["outcome"], answered["answer"]) == ("answered", "black, white, with milk")
        told = (await events.kind("question")).data["question"]
        assert told == answered
    assert await open_questions(page) == []


@pytest.mark.spec("ASK-2", door="http")
async def test_a_bad_answer_is_refused_and_the_question_stays(deciding: Any) -> None:
    number = await ask(deciding, options=["yes", "no"])
    page = await deciding.page()
    for form in ({}, {"options": ["maybe"]}, {"options": ["yes", "no"]}, {"text": ""}):
        assert error(await page.post(f"/api/questions/{number}/answer", form)) == (422, "bad_answer"), form
    assert error(await page.post("/api/questions/99/answer", {"text": "x"})) == (404, "not_found")
    await eventually(lambda: open_questions(page), lambda ids: ids == [number])


@pytest.mark.spec("ASK-5", door="http")
@pytest.mark.spec("DSH-4", door="http")
async def test_the_first_of_two_answers_counts_and_the_other_is_told(deciding: Any) -> None:
    number = await ask(deciding)
    one, other = await deciding.page(), await deciding.page()
    first, second = await asyncio.gather(
        one.post(f"/api/questions/{number}/answer", {"text": "yes"}),
        other.post(f"/api/questions/{number}/answer", {"text": "no"}),
    )
    won, lost = (first, second) if first.status_code == 200 else (second, first)
    assert (won.status_code, error(lost)) == (200, (409, "already_answered"))
    (question,) = (await one.get("/api/questions?open=false")).json()["questions"]
    assert question["answer"] == won.json()["answer"]
    assert "operator" in lost.json()["error"]["message"]


@pytest.mark.spec("ASK-4", door="http")
async def test_the_operator_may_answer_for_an_agent(deciding: Any) -> None:
    await deciding.agent("scribe")
    number = await ask(deciding, to="scribe")
    stranger = await deciding.nats.bus("tester")
    page = await deciding.page()
    assert await open_questions(page) == []
    assert [q["id"] for q in (await page.get("/api/questions?to=scribe")).json()["questions"]] == [number]
    with pytest.raises(Exception, match="forbidden"):
        await stranger.call(approvals.ANSWER, approvals.AnswerRequest(id=number, text="me"))
    answered = (await page.post(f"/api/questions/{number}/answer", {"text": "yes"})).json()
    assert (answered["answerer"], answered["answer"]) == ("operator", "yes")


@pytest.mark.spec("ASK-6", door="http")
async def test_a_cancelled_question_says_so(deciding: Any) -> None:
    number = await ask(deciding)
    page = await deciding.page()
    cancelled = (await page.post(f"/api/questions/{number}/cancel")).json()
    assert (cancelled["outcome"], cancelled["answer"]) == ("cancelled", "[cancelled]")
    assert error(await page.post(f"/api/questions/{number}/cancel")) == (409, "already_answered")
    again = await ask(deciding, question="Coffee?")
    async with page.events((await page.snapshot())["position"]) as events:
        coder = await deciding.nats.bus("coder")
        await coder.call(approvals.CANCEL_QUESTION, QuestionId(id=again))
        own = await events.until(lambda e: e.kind == "question" and e.data["question"]["id"] == again)
        if own[-1].data["question"]["outcome"] is None:  # it came after the snapshot
            own = await events.until(lambda e: e.kind == "question" and e.data["question"]["id"] == again)
    assert own[-1].data["question"]["answer"] == "[cancelled by coder]"


@pytest.mark.spec("ASK-7", door="http")
async def test_a_deadline_is_held_while_the_operator_writes(deciding: Any) -> None:
    number = await ask(deciding, ttl_seconds=10)
    page = await deciding.page()
    asked = (await page.get("/api/questions")).json()["questions"][0]
    await eventually(lambda: open_questions(page), lambda ids: ids == [number])
    async with page.events((await page.snapshot())["position"]) as events:
        held = (await page.post(f"/api/questions/{number}/hold")).json()
        assert held["deadline"] > asked["deadline"]
        assert held["hold_left_seconds"] < asked["hold_left_seconds"] <= 600
        assert (await events.kind("question")).data["question"]["deadline"] == held["deadline"]
    endless = await ask(deciding, question="No hurry")
    assert error(await page.post(f"/api/questions/{endless}/hold")) == (409, "hold_over")
    assert error(await page.post("/api/questions/99/hold")) == (404, "not_found")


@pytest.mark.spec("ASK-7", door="http")
async def test_an_expired_question_shows_no_answer_and_takes_none(deciding: Any) -> None:
    number = await ask(deciding, ttl_seconds=0.5, options=["yes"])
    page = await deciding.page()

    async def ended() -> dict[str, Any]:
        return (await page.get("/api/questions?open=false")).json()["questions"][0]

    question = await eventually(ended, lambda question: question["outcome"] is not None)
    assert (question["outcome"], question["answer"], question["answerer"]) == ("expired", "[expired]", "ttl-watchdog")
    late = await page.post(f"/api/questions/{number}/answer", {"options": ["yes"]})
    assert error(late) == (409, "already_answered")
    assert "expired" in str(late.json()["error"])
    assert error(await page.post(f"/api/questions/{number}/hold")) == (409, "already_answered")
    await eventually(lambda: open_questions(page), lambda ids: ids == [])
