"""The rules of questions on a real database, with the clock in hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hive_approvals import question_rows, questions
from hive_kit.database import Database
from hive_wire import approvals as wire
from hive_wire.approvals import AnswerRequest, AskRequest, Question
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def ask(database: Database, asker: str = "scout", key: str = "k", **more: object) -> Question:
    request = AskRequest.model_validate({"question": "which?", "key": key, **more})
    return await database.write(lambda c: questions.ask(c, asker, request, NOW))


async def answer(database: Database, by: str, number: int, at: float = 1, **how: object) -> Question:
    request = AnswerRequest.model_validate({"id": number, **how})
    return await database.write(lambda c: questions.answer(c, by, request, after(at)))


async def hold(database: Database, number: int, at: float) -> Question:
    return await database.write(lambda c: questions.hold(c, number, after(at)))


async def code_of(work: object) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        await work  # type: ignore[misc]
    return caught.value.code


async def events(database: Database) -> list[tuple[str, dict[str, object]]]:
    def look(connection: Connection) -> list[tuple[str, dict[str, object]]]:
        rows = connection.exec_driver_sql("SELECT subject, payload FROM outbox ORDER BY id")
        return [(row.subject.rsplit(".", 1)[-1], json.loads(row.payload)["question"]) for row in rows]

    return await database.read(look)


async def test_the_same_key_asks_once_and_another_content_is_refused(database: Database) -> None:
    first = await ask(database, options=["a", "b"], ttl_seconds=60)
    assert await ask(database, options=["a", "b"], ttl_seconds=60) == first
    for other in ({"options": ["a"], "ttl_seconds": 60}, {"options": ["a", "b"]}, {"to": "scribe"}, {"multi": True}):
        assert await code_of(ask(database, **other)) == ErrorCode.KEY_REUSED
    assert (await ask(database, asker="scribe")).id != first.id
    assert [what for what, _ in await events(database)] == ["asked", "asked"]


@pytest.mark.parametrize(
    ("multi", "options", "text", "expected"),
    [
        (False, [], "none of these", "none of these"),
        (False, ["b"], "", "b"),
        (False, ["b"], "but soon", "b, but soon"),
        (True, ["c", "a"], "", "a, c"),
        (True, ["c", "a", "a"], "and more", "a, c, and more"),
        (False, ["b"], "  ", "b"),
    ],
)
async def test_an_answer_is_the_options_in_the_questions_order_and_then_the_text(
    database: Database, multi: bool, options: list[str], text: str, expected: str
) -> None:
    question = await ask(database, options=["a", "b", "c"], multi=multi)
    answered = await answer(database, "operator", question.id, options=options, text=text)
    assert (answered.answer, answered.answerer, answered.outcome) == (expected, "operator", "answered")
    assert answered.answered_at == after(1)


@pytest.mark.parametrize(
    ("options", "text"), [([], ""), ([], " \n"), (["d"], "text"), (["a", "b"], ""), (["a", "b"], "text")]
)
async def test_an_answer_that_does_not_fit_its_question_is_refused(
    database: Database, options: list[str], text: str
) -> None:
    question = await ask(database, options=["a", "b", "c"])
    assert await code_of(answer(database, "operator", question.id, options=options, text=text)) == ErrorCode.BAD_ANSWER
    found, _ = await database.read(question_rows.open_ones)
    assert found == [question]


async def test_options_must_differ(database: Database) -> None:
    assert await code_of(ask(database, options=["a", "a"])) == ErrorCode.BAD_REQUEST


async def test_holding_moves_the_deadline_only_as_far_as_is_needed(database: Database) -> None:
    question = await ask(database, ttl_seconds=20)
    first = await hold(database, question.id, at=0)
    assert (first.deadline, first.held_until, first.hold_left_seconds) == (after(30), after(30), 590)
    second = await hold(database, question.id, at=10)
    assert (second.deadline, second.hold_left_seconds) == (after(40), 580)
    assert [what for what, _ in await events(database)] == ["asked", "held", "held"]


async def test_holding_long_before_the_deadline_leaves_it(database: Database) -> None:
    question = await ask(database, ttl_seconds=3600)
    held = await hold(database, question.id, at=5)
    assert (held.deadline, held.held_until, held.hold_left_seconds) == (after(3600), after(35), 600)


async def test_a_question_is_held_for_ten_minutes_in_all(database: Database) -> None:
    question = await ask(database, ttl_seconds=30)
    at = 0
    while (held := await hold(database, question.id, at=at)).hold_left_seconds:
        at += 25
    assert held.deadline == after(630)
    assert held.held_until == after(630)
    assert await code_of(hold(database, question.id, at=629)) == ErrorCode.HOLD_OVER
    assert (await answer(database, "operator", question.id, at=629, text="just in time")).outcome == "answered"


async def test_a_question_without_a_deadline_needs_no_holding(database: Database) -> None:
    question = await ask(database)
    assert question.hold_left_seconds is None
    assert await code_of(hold(database, question.id, at=1)) == ErrorCode.HOLD_OVER


async def test_what_is_overdue_is_over_before_that_is_recorded(database: Database) -> None:
    question = await ask(database, ttl_seconds=10)
    for late in (
        answer(database, "operator", question.id, at=10, text="late"),
        hold(database, question.id, at=10),
        database.write(lambda c: questions.cancel(c, "operator", question.id, after(10))),
    ):
        with pytest.raises(Refusal) as caught:
            await late
        assert caught.value.code == ErrorCode.ALREADY_ANSWERED
        assert (caught.value.details["outcome"], caught.value.details["answerer"]) == ("expired", "ttl-watchdog")


async def test_expiry_ends_what_is_due_and_only_that_once(database: Database) -> None:
    due = await ask(database, key="due", ttl_seconds=10, options=["a"])
    later = await ask(database, key="later", ttl_seconds=11)
    endless = await ask(database, key="endless")
    answered = await ask(database, key="answered", ttl_seconds=5)
    await answer(database, "operator", answered.id, text="yes")
    assert await database.write(lambda c: questions.expire(c, after(10), 100)) == 1
    assert await database.write(lambda c: questions.expire(c, after(10), 100)) == 0
    open_ones, _ = await database.read(question_rows.open_ones)
    assert [q.id for q in open_ones] == [later.id, endless.id]
    what, told = (await events(database))[-1]
    assert (what, told["id"], told["answer"], told["outcome"], told["answerer"]) == (
        "answered", due.id, wire.EXPIRED, "expired", "ttl-watchdog",
    )  # fmt: skip


async def test_a_damaged_row_is_listed_as_broken_and_can_still_be_ended(database: Database) -> None:
    damaged, whole = await ask(database, key="a", options=["a"], ttl_seconds=10), await ask(database, key="b")
    await database.write(
        lambda c: c.exec_driver_sql("UPDATE questions SET options = '[\"a' WHERE id = ?", (damaged.id,)).rowcount
    )
    found, broken = await database.read(question_rows.open_ones)
    assert [q.id for q in found] == [whole.id]
    assert [(b.table, b.id) for b in broken] == [("questions", damaged.id)]
    assert await database.write(lambda c: questions.expire(c, after(10), 100)) == 1
    assert (await events(database))[-1][1]["outcome"] == "expired"


async def test_pages_go_back_from_the_newest_and_hold_no_more_than_a_reply_can(database: Database) -> None:
    for number in range(5):
        await ask(database, key=str(number), question="ü" * 32_768, options=["ü" * 900 + str(n) for n in range(50)])

    async def page(**how: object) -> wire.QuestionList:
        request = wire.QuestionsRequest.model_validate(how)
        return await database.read(lambda c: question_rows.page(c, "operator", request))

    assert [[q.id for q in p.questions] for p in (await page(limit=2), await page(limit=2, before=4))] == [
        [4, 5],
        [2, 3],
    ]
    assert ((await page(limit=2)).more, (await page(limit=2, before=3)).more, (await page()).more) == (
        True,
        False,
        False,
    )
    for number in range(5, 40):
        await ask(database, key=str(number), question="ü" * 32_768, options=["ü" * 900 + str(n) for n in range(50)])
    cut = await page()
    assert cut.more
    assert len(cut.model_dump_json().encode()) < 8 * 1024 * 1024
    assert cut.questions[-1].id == 40
