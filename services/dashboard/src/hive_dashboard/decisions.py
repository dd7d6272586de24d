"""What waits for the operator's decision: approvals, questions, drafts. Pure: snapshot and events in, page events out.

A resolved approval and an ended question leave the queue; how many are resolved is counted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hive_wire import approvals
from hive_wire.approvals import (
    FINAL,
    Approval,
    ApprovalChanged,
    ApprovalsSnapshot,
    BrokenRow,
    Draft,
    DraftChanged,
    DraftName,
    Question,
    QuestionChanged,
)
from hive_wire.model import Wire
from hive_wire.names import OPERATOR
from hive_wire.page import ApprovalEvent, DraftEvent, DraftRemovedEvent, PageEvent, QuestionEvent
from hive_wire.verb import Event


class Decisions:
    """Open approvals and questions to the operator, and the agents to be."""

    def __init__(self) -> None:
        self._approvals: dict[int, Approval] = {}
        self._questions: dict[int, Question] = {}
        self._drafts: dict[str, Draft] = {}
        self.questions_more = False
        self.resolved = 0
        self.broken: list[BrokenRow] = []

    @property
    def approvals(self) -> list[Approval]:
        """Those that wait or are under way, oldest first."""
        return [self._approvals[number] for number in sorted(self._approvals)]

    @property
    def questions(self) -> list[Question]:
        """Open ones to the operator, oldest first."""
        return [self._questions[number] for number in sorted(self._questions)]

    @property
    def drafts(self) -> list[Draft]:
        """All of them, oldest first."""
        return sorted(self._drafts.values(), key=_age)

    def install(self, snapshot: ApprovalsSnapshot) -> None:
        """Begin anew with these."""
        self._approvals = {approval.id: approval for approval in snapshot.approvals if approval.status not in FINAL}
        self._questions = {question.id: question for question in snapshot.questions if _is_open(question)}
        self._drafts = {draft.name: draft for draft in snapshot.drafts}
        self.resolved, self.broken = snapshot.resolved, snapshot.broken
        self.questions_more = snapshot.questions_left_out > 0

    def install_questions(self, questions: Sequence[Question], more: bool) -> None:
        """Begin anew with these questions instead of the snapshot's; `more`: there are older ones."""
        self._questions = {question.id: question for question in questions if _is_open(question)}
        self.questions_more = more

    def apply(self, event: Event[Any], payload: Wire) -> list[PageEvent]:  # Any: any event's payload
        """The next event of the approvals service."""
        if isinstance(payload, ApprovalChanged):
            return [self._put_approval(payload.approval, event is approvals.RESOLVED)]
        if isinstance(payload, QuestionChanged):
            return self._put_question(payload.question)
        if isinstance(payload, DraftChanged):
            self._drafts[payload.draft.name] = payload.draft
            return [DraftEvent(draft=payload.draft)]
        if isinstance(payload, DraftName):
            known = self._drafts.pop(payload.name, None)
            return [DraftRemovedEvent(name=payload.name)] if known else []
        return []

    def _put_approval(self, approval: Approval, ended: bool) -> PageEvent:
        """A denial is final when it is decided and resolved only afterwards: it leaves at once and counts once."""
        if approval.status in FINAL:
            self._approvals.pop(approval.id, None)
        else:
            self._approvals[approval.id] = approval
        self.resolved += ended
        return ApprovalEvent(approval=approval, resolved=self.resolved)

    def _put_question(self, question: Question) -> list[PageEvent]:
        if question.to != OPERATOR:
            return []
        if _is_open(question):
            self._questions[question.id] = question
        else:
            self._questions.pop(question.id, None)
        return [QuestionEvent(question=question)]


def _is_open(question: Question) -> bool:
    return question.to == OPERATOR and question.outcome is None


def _age(draft: Draft) -> tuple[datetime, str]:
    return draft.created_at, draft.name
