"""Loose ends: what of approvals, questions and reminders is still open, and for whom."""

from collections.abc import Iterable
from datetime import datetime

from hive_wire.approvals import Approval, ApprovalStatus, LooseEnd, LooseEndKind, Question
from hive_wire.broker import Reminder
from hive_wire.names import OPERATOR

CLOCK = "clock"


def of_approval(approval: Approval, now: datetime) -> LooseEnd:
    """An approval waits for the operator."""
    what = f"{approval.kind} {approval.agent} {approval.commit[:12]}"
    return LooseEnd(
        kind=LooseEndKind.APPROVAL,
        id=approval.id,
        owner=approval.requested_by,
        waits_for=OPERATOR,
        summary=f"{what}: {approval.description}" if approval.description else what,
        since=approval.requested_at,
        age_seconds=_age(approval.requested_at, now),
    )


def of_question(question: Question, now: datetime) -> LooseEnd:
    """A question waits for whom it was put to."""
    return LooseEnd(
        kind=LooseEndKind.QUESTION,
        id=question.id,
        owner=question.asker,
        waits_for=question.to,
        summary=question.question,
        since=question.asked_at,
        age_seconds=_age(question.asked_at, now),
        due=question.deadline,
    )


def of_reminder(reminder: Reminder, now: datetime) -> LooseEnd:
    """A reminder waits for its time, or for its next attempt."""
    return LooseEnd(
        kind=LooseEndKind.REMINDER,
        id=reminder.id,
        owner=reminder.owner,
        waits_for=CLOCK,
        summary=reminder.message,
        since=reminder.created_at,
        age_seconds=_age(reminder.created_at, now),
        due=reminder.next_attempt or reminder.due,
        failed=reminder.error,
    )


def pending(approvals: Iterable[Approval], owner: str | None) -> list[Approval]:
    """Approvals that nobody decided yet: all, or those that `owner` asked for."""
    return [a for a in approvals if a.status is ApprovalStatus.PENDING and owner in (None, a.requested_by)]


def oldest_first(ends: Iterable[LooseEnd]) -> list[LooseEnd]:
    """In the order in which they began."""
    return sorted(ends, key=lambda end: (end.since, end.kind, end.id))


def fitting(ends: list[LooseEnd], most_bytes: int) -> list[LooseEnd]:
    """As many of the first ones as fit into a reply."""
    size = 0
    for number, end in enumerate(ends):
        size += len(end.model_dump_json().encode())
        if size > most_bytes and number:
            return ends[:number]
    return ends


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
