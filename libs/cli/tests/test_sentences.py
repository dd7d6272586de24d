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
from hive_wire.builds import OutputLine, Printed
from hive_wire.lifecycle import DeployProgress
from hive_wire.model import Wire
from hive_wire.rollouts import Rollout, RolloutAgent, RolloutCause, RolloutState
from hive_wire.tombstones import Tombstone

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
PRINTED = Printed(
    action=4, agent="poet", lines=[OutputLine(n=n, at=AT, text=text) for n, text in ((1, "one"), (2, "two"))]
)
ROLLOUT = Rollout(
    id=2, cause=RolloutCause.INPUTS, requested_by="operator", begun_at=AT,
    agents=[RolloutAgent(name="poet", state=RolloutState.DONE), RolloutAgent(name="bob", state=RolloutState.RUNNING)],
)  # fmt: skip
TOMBSTONE = Tombstone(name="poet", destroyed_at=AT, changed_at=AT, size_bytes=9, login_kept=False)
DENIED = {"status": ApprovalStatus.DENIED, "note": "too big"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (QuestionChanged(question=QUESTION), "#7 scout asks operator: which?"),
        (QuestionChanged(question=QUESTION.model_copy(update=ANSWERED)), "#7 answered by operator: blue"),
        (ApprovalChanged(approval=APPROVAL), "#3 spawn poet pending"),
        (ApprovalChanged(approval=APPROVAL.model_copy(update=DENIED)), "#3 spawn poet denied: too big"),
        (ReminderChanged(reminder=REMINDER, open=1), "#5 of scout pending: look"),
        (PRINTED, "poet (action 4): two"),
        (ROLLOUT, "rollout #2 (inputs) under way: 1 of 2 agents"),
        (TOMBSTONE, "poet is destroyed; 9 bytes of it are kept"),
        (DeployProgress(approval=3, agent="poet", commit="c"), "#3 poet under way"),
        (DeployProgress(approval=3, agent="poet", commit="c", ok=True), "#3 poet deployed"),
        (DeployProgress(approval=3, agent="poet", commit="c", ok=False, error="no"), "#3 poet failed: no"),
    ],
)
def test_what_happened_is_said_in_words(event: Wire, words: str) -> None:
    assert words_of(event.model_dump(mode="json")) == words
