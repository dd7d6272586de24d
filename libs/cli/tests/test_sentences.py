"""Events as `hive tail` says them."""

from datetime import UTC, datetime

import pytest
from hive_cli.sentences import words_of
from hive_wire.approvals import (
    Approval,
    ApprovalChanged,
    ApprovalKind,
    ApprovalStatus,
    Outcome,
    Question,
    QuestionChanged,
)
from hive_wire.broker import Reminder, ReminderChanged, ReminderState
from hive_wire.lifecycle import DeployProgress
from hive_wire.model import Wire

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUESTION = Question(
    id=7, asker="scout", to="operator", question="which?", options=[], multi=False, asked_at=AT, deadline=None
)
APPROVAL = Approval(
    id=3, kind=ApprovalKind.SPAWN, agent="poet", status=ApprovalStatus.PENDING, commit="c" * 40, base=None,
    description="", requested_by="manager", requested_at=AT, notes=[],
)  # fmt: skip
REMINDER = Reminder(
    id=5, owner="scout", message="look", due=AT, created_at=AT, file_path=None, state=ReminderState.PENDING
)
ANSWERED = {"outcome": Outcome.ANSWERED, "answer": "blue", "answerer": "operator", "answered_at": AT}
DENIED = {"status": ApprovalStatus.DENIED, "note": "too big"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (QuestionChanged(question=QUESTION), "#7 scout asks operator: which?"),
        (QuestionChanged(question=QUESTION.model_copy(update=ANSWERED)), "#7 answered by operator: blue"),
        (ApprovalChanged(approval=APPROVAL), "#3 spawn poet pending"),
        (ApprovalChanged(approval=APPROVAL.model_copy(update=DENIED)), "#3 spawn poet denied: too big"),
        (ReminderChanged(reminder=REMINDER, open=1), "#5 of scout pending: look"),
        (DeployProgress(approval=3, agent="poet", commit="c"), "#3 poet under way"),
        (DeployProgress(approval=3, agent="poet", commit="c", ok=True), "#3 poet deployed"),
        (DeployProgress(approval=3, agent="poet", commit="c", ok=False, error="no"), "#3 poet failed: no"),
    ],
)
def test_what_happened_is_said_in_words(event: Wire, words: str) -> None:
    assert words_of(event.model_dump(mode="json")) == words
