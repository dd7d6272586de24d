"""Questions through approvals' own verbs, asked and answered by different principals."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hive_wire.errors import ErrorCode

Swarm = Any  # the fixture's class, in conftest.py


@pytest.mark.spec("ASK-1", door="wire")
async def test_a_question_goes_to_the_operator_unless_it_names_an_agent(swarm: Swarm) -> None:
    first = await swarm.ask("scout", "blue or red?", options=["blue", "red"], ttl_seconds=60)
    assert (first.asker, first.to, first.options, first.outcome) == ("scout", "operator", ["blue", "red"], None)
    assert (first.deadline - first.asked_at).total_seconds() == 60
    second = await swarm.ask("scout", "done?", to="scribe")
    assert (second.to, second.deadline) == ("scribe", None)
    assert second.id > first.id
    assert await swarm.told_of(first.id, count=1) == ["asked"]
    assert [q.id for q in (await swarm.listed("operator", to="operator")).questions] == [first.id]


@pytest.mark.spec("ASK-1", door="wire")
async def test_whom_one_can_not_ask_is_said_and_nothing_is_stored(swarm: Swarm) -> None:
    for asker, to, code in (
        ("scout", "scout", ErrorCode.BAD_RECIPIENT),
        ("operator", "operator", ErrorCode.BAD_RECIPIENT),
        ("manager", "manager", ErrorCode.BAD_RECIPIENT),
        ("scout", "broker", ErrorCode.BAD_RECIPIENT),
        ("scout", "ttl-watchdog", ErrorCode.BAD_RECIPIENT),
    ):
        assert (await swarm.refusal(swarm.ask(asker, to=to))).code == code
    for to in ("nobody", "No Body", ""):
        refusal = await swarm.refusal(swarm.ask("scout", to=to))
        assert refusal.code == ErrorCode.UNKNOWN_RECIPIENT
        assert refusal.details["known"] == ["loner", "manager", "operator", "scribe"]
    assert (await swarm.listed("operator")).questions == []


async def test_the_manager_can_be_asked_while_lifecycle_is_away_and_others_can_not(swarm: Swarm) -> None:
    await swarm.lifecycle.close()
    assert (await swarm.ask("scout", to="manager")).to == "manager"
    assert (await swarm.refusal(swarm.ask("scout", to="scribe"))).code == ErrorCode.UNAVAILABLE


async def test_a_repeated_key_is_the_same_question(swarm: Swarm) -> None:
    first = await swarm.ask("scout", key="k", to="scribe")
    assert await swarm.ask("scout", key="k", to="scribe") == first
    assert (await swarm.refusal(swarm.ask("scout", "other", key="k", to="scribe"))).code == ErrorCode.KEY_REUSED
    assert len((await swarm.listed("operator")).questions) == 1


@pytest.mark.spec("ASK-3", door="wire")
async def test_an_agents_question_is_answered_by_the_agent_it_is_for(swarm: Swarm) -> None:
    question = await swarm.ask("scout", to="scribe")
    assert (await swarm.listed("operator", to="operator")).questions == []
    assert [q.id for q in (await swarm.listed("scribe")).questions] == [question.id]
    answered = await swarm.answer("scribe", question.id, "green")
    assert (answered.answer, answered.answerer, answered.outcome) == ("green", "scribe", "answered")
    assert await swarm.told_of(question.id, count=2) == ["asked", "answered"]


@pytest.mark.spec("ASK-4", door="wire")
async def test_only_whom_it_is_for_or_the_operator_may_answer(swarm: Swarm) -> None:
    to_operator = await swarm.ask("scout")
    for other in ("scout", "scribe", "manager"):
        assert (await swarm.refusal(swarm.answer(other, to_operator.id, "yes"))).code == ErrorCode.FORBIDDEN
    assert (await swarm.answer("operator", to_operator.id, "yes")).answerer == "operator"
    to_agent = await swarm.ask("scout", to="scribe")
    for other in ("scout", "loner", "manager"):
        assert (await swarm.refusal(swarm.answer(other, to_agent.id, "yes"))).code == ErrorCode.FORBIDDEN
    assert (await swarm.answer("operator", to_agent.id, "override")).answerer == "operator"
    of_operator = await swarm.ask("operator", to="scribe")
    assert (await swarm.answer("scribe", of_operator.id, "yes")).asker == "operator"


@pytest.mark.spec("ASK-5", door="wire")
async def test_the_first_answer_wins_and_later_ones_are_told_so(swarm: Swarm) -> None:
    question = await swarm.ask("scout", to="scribe")
    first = await swarm.answer("scribe", question.id, "one")
    refusal = await swarm.refusal(swarm.answer("operator", question.id, "two"))
    assert refusal.code == ErrorCode.ALREADY_ANSWERED
    assert refusal.details["outcome"] == "answered"
    assert refusal.details["answerer"] == "scribe"
    assert refusal.details["answered_at"] == first.model_dump(mode="json")["answered_at"]
    assert (await swarm.question(question.id)).answer == "one"
    assert await swarm.told_of(question.id, count=2) == ["asked", "answered"]


@pytest.mark.spec("ASK-6", door="wire")
async def test_a_cancelled_question_says_by_whom(swarm: Swarm) -> None:
    for by, answer in (
        ("operator", "[cancelled]"),
        ("scout", "[cancelled by scout]"),
        ("manager", "[cancelled by manager]"),
    ):
        question = await swarm.ask("scout", to="scribe")
        for other in ("scribe", "loner"):
            assert (await swarm.refusal(swarm.cancel(other, question.id))).code == ErrorCode.FORBIDDEN
        cancelled = await swarm.cancel(by, question.id)
        assert (cancelled.outcome, cancelled.answer, cancelled.answerer) == ("cancelled", answer, by)
        assert await swarm.told_of(question.id, count=2) == ["asked", "answered"]
        assert (await swarm.refusal(swarm.answer("scribe", question.id, "late"))).code == ErrorCode.ALREADY_ANSWERED
        assert (await swarm.refusal(swarm.cancel(by, question.id))).code == ErrorCode.ALREADY_ANSWERED
    assert (await swarm.refusal(swarm.cancel("operator", 999))).code == ErrorCode.NOT_FOUND


async def test_an_agent_sees_only_questions_that_it_has_a_part_in(swarm: Swarm) -> None:
    mine, asked_of_me = await swarm.ask("scout"), await swarm.ask("scribe", to="scout")
    other = await swarm.ask("loner", to="scribe")
    for who, expected in (
        ("scout", [mine.id, asked_of_me.id]),
        ("loner", [other.id]),
        ("manager", [mine.id, asked_of_me.id, other.id]),
        ("operator", [mine.id, asked_of_me.id, other.id]),
    ):
        assert [q.id for q in (await swarm.listed(who)).questions] == expected
    await swarm.answer("operator", mine.id, "yes")
    assert [q.id for q in (await swarm.listed("scout")).questions] == [asked_of_me.id]
    assert [q.id for q in (await swarm.listed("scout", open=False)).questions] == [mine.id, asked_of_me.id]


@pytest.mark.spec("ASK-8", door="wire")
async def test_a_damaged_row_is_shown_as_broken_logged_once_and_hides_nothing(swarm: Swarm) -> None:
    damaged, whole = await swarm.ask("scout", options=["a", "b"]), await swarm.ask("scout")
    with closing(sqlite3.connect(swarm.database)) as connection, connection:
        connection.execute("UPDATE questions SET options = '[\"a' WHERE id = ?", (damaged.id,))
    for _ in range(2):
        listed = await swarm.listed("operator")
        assert [q.id for q in listed.questions] == [whole.id]
        assert [(b.table, b.id) for b in listed.broken] == [("questions", damaged.id)]
    assert swarm.service.log.count("row_broken") == 1
    assert (await swarm.answer("operator", damaged.id, "text still goes")).answer == "text still goes"
    assert await swarm.told_of(damaged.id, count=2) == ["asked", "answered"]
