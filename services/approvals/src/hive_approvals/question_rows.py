"""Questions as they are stored, and the lists of them."""

import json
from collections.abc import Iterable
from typing import Any

from hive_kit.times import moment
from hive_wire import approvals as wire
from hive_wire.broker import PAGE_BYTES
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, OPERATOR
from sqlalchemy import Connection

from hive_approvals.rows import UNREADABLE, AnyRow, broken_row, decode_all

SECOND = 1_000_000
HOLD_MAX = wire.HOLD_MAX_SECONDS * SECOND
COLUMNS = (
    "id, asker, recipient, question, options, multi, asked_at, deadline, held, held_until,"
    " outcome, answer, answerer, answered_at"
)
_EVERYBODYS = frozenset({OPERATOR, MANAGER})


def question(row: AnyRow) -> wire.Question:
    """A row selected with COLUMNS. Raises one of UNREADABLE."""
    return _with_options(row, json.loads(row.options))


def salvaged(row: AnyRow) -> wire.Question:
    """The question, without its options where those can't be read: it can still be ended, and its asker told."""
    try:
        try:
            return question(row)
        except UNREADABLE as error:
            broken_row("questions", row.id, error)
            return _with_options(row, [])
    except UNREADABLE as error:
        text = f"question #{row.id} can't be read: its row is damaged"
        raise Refusal(ErrorCode.STORAGE_FAILED, text, id=row.id) from error


def page(connection: Connection, caller: str, request: wire.QuestionsRequest) -> wire.QuestionList:
    """A page of questions, oldest first, from the newest back; only those that the caller has a part in."""
    conditions: list[str] = []
    values: list[Any] = []  # Any: SQL values
    if request.open:
        conditions.append("outcome IS NULL")
    if caller not in _EVERYBODYS:
        conditions.append("(asker = ? OR recipient = ?)")
        values += [caller, caller]
    if request.to is not None:
        conditions.append("recipient = ?")
        values.append(request.to)
    if request.before is not None:
        conditions.append("id < ?")
        values.append(request.before)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.exec_driver_sql(
        f"SELECT {COLUMNS} FROM questions{where} ORDER BY id DESC LIMIT ?", (*values, request.limit + 1)
    ).all()
    return _page(rows[: request.limit], more=len(rows) > request.limit)


def open_ones(connection: Connection, of: str | None = None) -> tuple[list[wire.Question], list[wire.BrokenRow]]:
    """Open questions, oldest first: all, or those that `of` asked or is asked."""
    mine = "" if of is None else " AND (asker = ? OR recipient = ?)"
    rows = connection.exec_driver_sql(
        f"SELECT {COLUMNS} FROM questions WHERE outcome IS NULL{mine} ORDER BY id", () if of is None else (of, of)
    )
    return decode_all(rows, "questions", question)


def oldest_open(connection: Connection) -> tuple[list[wire.Question], list[wire.BrokenRow], int]:
    """Open questions as many as go into a snapshot, the oldest first, and how many newer ones do not."""
    found, broken = open_ones(connection)
    size = 0
    for number, one in enumerate(found):
        size += len(one.model_dump_json().encode())
        if size > PAGE_BYTES:
            return found[:number], broken, len(found) - number
    return found, broken, 0


def _page(newest_first: Iterable[AnyRow], *, more: bool) -> wire.QuestionList:
    """As many as a reply can hold."""
    chosen: list[wire.Question] = []
    broken: list[wire.BrokenRow] = []
    size = 0
    for row in newest_first:
        found, bad = decode_all([row], "questions", question)
        size += sum(len(one.model_dump_json().encode()) for one in found)
        if size > PAGE_BYTES and (chosen or broken):
            more = True
            break
        chosen += found
        broken += bad
    return wire.QuestionList(questions=chosen[::-1], broken=broken[::-1], more=more)


def _with_options(row: AnyRow, options: Any) -> wire.Question:  # Any: JSON, which the model checks
    ended = row.outcome is not None
    return wire.Question.model_validate(
        {
            "id": row.id,
            "asker": row.asker,
            "to": row.recipient,
            "question": row.question,
            "options": options,
            "multi": bool(row.multi),
            "asked_at": moment(row.asked_at),
            "deadline": None if row.deadline is None else moment(row.deadline),
            "hold_left_seconds": None if row.deadline is None else (HOLD_MAX - row.held) / SECOND,
            "held_until": None if ended or row.held_until is None else moment(row.held_until),
            "outcome": row.outcome,
            "answer": row.answer,
            "answerer": row.answerer,
            "answered_at": moment(row.answered_at) if ended else None,
        }
    )
