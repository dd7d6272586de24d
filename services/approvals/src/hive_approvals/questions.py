"""Questions: who may ask, answer, cancel and hold them, and how each ends exactly once.

Whether a recipient exists is checked before; mail about questions is the broker's, which follows the events.
A question whose deadline has passed is over, also in the moment before that is recorded.
"""

import json
from datetime import datetime

from hive_kit.outbox import emit
from hive_kit.times import microseconds, moment
from hive_wire import approvals as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import iso
from hive_wire.names import MANAGER, OPERATOR
from sqlalchemy import Connection

from hive_approvals.question_rows import COLUMNS, HOLD_MAX, SECOND, salvaged
from hive_approvals.rows import AnyRow

_HOLD = wire.HOLD_SECONDS * SECOND
_DUE = "outcome IS NULL AND deadline IS NOT NULL"
"""What the index of deadlines covers."""


def asked_before(connection: Connection, asker: str, request: wire.AskRequest) -> wire.Question | None:
    """The question that this key was given to. Refuses another content with `key_reused`."""
    row = connection.exec_driver_sql(
        f'SELECT {COLUMNS}, ttl FROM questions WHERE asker = ? AND "key" = ?', (asker, request.key)
    ).one_or_none()
    if row is None:
        return None
    content = (row.recipient, row.question, row.options, bool(row.multi), row.ttl)
    if content != (request.to, request.question, _json(request.options), request.multi, _ttl(request)):
        raise Refusal(
            ErrorCode.KEY_REUSED, f"question #{row.id} was asked with this key and another content", id=row.id
        )
    return salvaged(row)


def ask(connection: Connection, asker: str, request: wire.AskRequest, now: datetime) -> wire.Question:
    """Store a question; the same again returns the first one."""
    known = asked_before(connection, asker, request)
    if known is not None:
        return known
    if len(set(request.options)) < len(request.options):
        raise Refusal(ErrorCode.BAD_REQUEST, "options: each must differ from the others")
    at, ttl = microseconds(now), _ttl(request)
    deadline = None if ttl is None else at + ttl
    row = connection.exec_driver_sql(
        'INSERT INTO questions (asker, recipient, "key", question, options, multi, ttl, asked_at, deadline, held)'
        f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING {COLUMNS}",
        (asker, request.to, request.key, request.question, _json(request.options), request.multi, ttl, at, deadline),
    ).one()
    question = salvaged(row)
    emit(connection, wire.ASKED, wire.QuestionChanged(question=question))
    return question


def answer(connection: Connection, caller: str, request: wire.AnswerRequest, now: datetime) -> wire.Question:
    """End a question with an answer; the first one counts."""
    row = _one(connection, request.id)
    if caller not in (row.recipient, OPERATOR):
        raise Refusal(
            ErrorCode.FORBIDDEN, f"question #{row.id} is for {row.recipient}; {caller} may not answer it", id=row.id
        )
    _must_be_open(row, now)
    text = _answer_text(salvaged(row), request)
    return _end(connection, row.id, wire.Outcome.ANSWERED, text, caller, now)


def cancel(connection: Connection, caller: str, number: int, now: datetime) -> wire.Question:
    """End a question without an answer: its asker, the manager or the operator."""
    row = _one(connection, number)
    if caller not in (OPERATOR, MANAGER, row.asker):
        text = f"question #{row.id} can be cancelled by {row.asker}, who asked it, the manager and the operator"
        raise Refusal(ErrorCode.FORBIDDEN, text, id=row.id)
    _must_be_open(row, now)
    text = "[cancelled]" if caller == OPERATOR else f"[cancelled by {caller}]"
    return _end(connection, row.id, wire.Outcome.CANCELLED, text, caller, now)


def hold(connection: Connection, number: int, now: datetime) -> wire.Question:
    """Keep a question open for 30 s from now at the least; its deadline moves by ten minutes at most in all."""
    row = _one(connection, number)
    _must_be_open(row, now)
    if row.deadline is None:
        raise Refusal(ErrorCode.HOLD_OVER, f"question #{number} has no deadline; nothing needs to be held", id=number)
    until = microseconds(now) + _HOLD
    wanted = max(0, until - row.deadline)
    extension = min(wanted, HOLD_MAX - row.held)
    if wanted and extension <= 0:
        text = f"question #{number} was held for ten minutes in all; it ends at {iso(moment(row.deadline))}"
        raise Refusal(ErrorCode.HOLD_OVER, text, id=number)
    held = connection.exec_driver_sql(
        "UPDATE questions SET deadline = deadline + ?, held = held + ?, held_until = min(?, deadline + ?)"
        f" WHERE id = ? RETURNING {COLUMNS}",
        (extension, extension, until, extension, number),
    ).one()
    question = salvaged(held)
    emit(connection, wire.HELD, wire.QuestionChanged(question=question))
    return question


def next_deadline(connection: Connection) -> int | None:
    """When the next open question is over, microseconds since 1970."""
    soonest = connection.exec_driver_sql(f"SELECT min(deadline) FROM questions WHERE {_DUE}").scalar()
    return soonest if isinstance(soonest, int) else None


def expire(connection: Connection, now: datetime, limit: int) -> int:
    """End at most `limit` questions whose time is over; returns how many."""
    rows = connection.exec_driver_sql(
        "UPDATE questions SET outcome = ?, answer = ?, answerer = ?, answered_at = ?"
        f" WHERE id IN (SELECT id FROM questions WHERE {_DUE} AND deadline <= ? ORDER BY deadline LIMIT ?)"
        f" RETURNING {COLUMNS}",
        (wire.Outcome.EXPIRED, wire.EXPIRED, wire.TTL_WATCHDOG, microseconds(now), microseconds(now), limit),
    ).all()
    for row in sorted(rows, key=lambda row: (row.deadline, row.id)):
        try:
            question = salvaged(row)
        except Refusal:  # logged; nobody can be told what it was
            continue
        emit(connection, wire.ANSWERED, wire.QuestionChanged(question=question))
    return len(rows)


def _one(connection: Connection, number: int) -> AnyRow:
    row = connection.exec_driver_sql(f"SELECT {COLUMNS} FROM questions WHERE id = ?", (number,)).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no question #{number}", id=number)
    return row


def _must_be_open(row: AnyRow, now: datetime) -> None:
    outcome, by, at, text = row.outcome, row.answerer, row.answered_at, row.answer
    if outcome is None:
        if row.deadline is None or row.deadline > microseconds(now):
            return
        outcome, by, at, text = wire.Outcome.EXPIRED, wire.TTL_WATCHDOG, row.deadline, wire.EXPIRED
    when = iso(moment(at))
    raise Refusal(
        ErrorCode.ALREADY_ANSWERED,
        f"question #{row.id} was {outcome} by {by} at {when}",
        id=row.id,
        outcome=str(outcome),
        answerer=by,
        answered_at=when,
        answer=text,
    )


def _answer_text(question: wire.Question, request: wire.AnswerRequest) -> str:
    chosen = set(request.options)
    unknown = sorted(chosen - set(question.options))
    if unknown:
        text = f"question #{question.id} has no option {unknown[0]!r}"
        raise Refusal(ErrorCode.BAD_ANSWER, text, options=question.options)
    if len(chosen) > 1 and not question.multi:
        text = f"question #{question.id} takes one option; choose one, or write what you mean"
        raise Refusal(ErrorCode.BAD_ANSWER, text, options=question.options)
    parts = [option for option in question.options if option in chosen]
    if request.text.strip():
        parts.append(request.text)
    if not parts:
        text = f"question #{question.id} needs an option, a text, or both"
        raise Refusal(ErrorCode.BAD_ANSWER, text, options=question.options)
    return ", ".join(parts)


def _end(
    connection: Connection, number: int, outcome: wire.Outcome, text: str, by: str, now: datetime
) -> wire.Question:
    row = connection.exec_driver_sql(
        "UPDATE questions SET outcome = ?, answer = ?, answerer = ?, answered_at = ?"
        f" WHERE id = ? AND outcome IS NULL RETURNING {COLUMNS}",
        (outcome, text, by, microseconds(now), number),
    ).one()
    question = salvaged(row)
    emit(connection, wire.ANSWERED, wire.QuestionChanged(question=question))
    return question


def _json(options: list[str]) -> str:
    return json.dumps(options, ensure_ascii=False)


def _ttl(request: wire.AskRequest) -> int | None:
    return None if request.ttl_seconds is None else max(1, round(request.ttl_seconds * SECOND))
