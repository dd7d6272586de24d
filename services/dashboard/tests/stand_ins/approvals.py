"""An approvals service in memory."""

from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_wire import approvals
from hive_wire.approvals import (
    FINAL,
    Approval,
    ApprovalChanged,
    ApprovalKind,
    ApprovalsSnapshot,
    ApprovalStatus,
    BrokenRow,
    Draft,
    DraftChanged,
    DraftName,
    Question,
    QuestionChanged,
    QuestionList,
    QuestionsRequest,
    SpawnRequest,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.verb import Event

from services.dashboard.tests.stand_ins.emitter import Emitter, now


class TestApprovals(Emitter):
    """Keeps decisions in memory and tells of them as it is bidden."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "approvals")
        self.approvals: dict[int, Approval] = {}
        self.questions: dict[int, Question] = {}
        self.drafts: dict[str, Draft] = {}
        self.broken: list[BrokenRow] = []
        self.snapshot_questions = 500
        self.kept: set[str] = set()
        self.keys: dict[str, int] = {}

    async def start(self) -> None:
        self.answering = Service(self.bus, "approvals", "0", "test")
        self.answering.add(approvals.SNAPSHOT, self._snapshot)
        self.answering.add(approvals.QUESTIONS, self._questions)
        self.answering.add(approvals.REVIVE, self._revive)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def put(
        self, event: Event[ApprovalChanged], status: ApprovalStatus = ApprovalStatus.PENDING, number: int = 1
    ) -> Approval:
        approval = Approval(
            id=number,
            kind=ApprovalKind.APPLY_COMMIT,
            agent="coder",
            status=status,
            commit="1" * 40,
            base="0" * 40,
            description="two\nlines",
            requested_by="manager",
            requested_at=now(),
            notes=[],
        )
        self.approvals[number] = approval
        await self.emit(event, ApprovalChanged(approval=approval))
        return approval

    async def ask(self, to: str = "operator", number: int = 1, **changes: Any) -> Question:
        asked = {"asker": "coder", "question": "Tea?", "options": ["yes", "no"], "multi": False}
        question = Question.model_validate(
            {"id": number, "to": to, "asked_at": now(), "deadline": None, **asked, **changes}
        )
        self.questions[number] = question
        event = approvals.ASKED if question.outcome is None else approvals.ANSWERED
        await self.emit(event, QuestionChanged(question=question))
        return question

    async def draft(self, name: str) -> None:
        self.drafts[name] = Draft(name=name, requested_by="manager", created_at=now(), start_commit="0" * 40)
        await self.emit(approvals.DRAFTED, DraftChanged(draft=self.drafts[name]))

    async def discard(self, name: str) -> None:
        del self.drafts[name]
        await self.emit(approvals.DRAFT_REMOVED, DraftName(name=name))

    async def _questions(self, _caller: Caller, request: QuestionsRequest) -> QuestionList:
        found = [q for q in self.questions.values() if q.outcome is None and q.to == request.to]
        found = [q for q in found if request.before is None or q.id < request.before]
        return QuestionList(questions=found[-request.limit :], broken=[], more=len(found) > request.limit)

    async def _snapshot(self, _caller: Caller, _request: Empty) -> ApprovalsSnapshot:
        questions = [question for question in self.questions.values() if question.outcome is None]
        return ApprovalsSnapshot(
            outbox_id=self.n,
            store=self.store,
            approvals=[approval for approval in self.approvals.values() if approval.status not in FINAL],
            resolved=sum(approval.status in FINAL for approval in self.approvals.values()),
            questions=questions[: self.snapshot_questions],
            questions_left_out=max(0, len(questions) - self.snapshot_questions),
            drafts=list(self.drafts.values()),
            broken=self.broken,
        )

    async def _revive(self, caller: Caller, request: SpawnRequest) -> Approval:
        if request.name not in self.kept:
            raise Refusal(ErrorCode.UNKNOWN_TOMBSTONE, f"nothing is kept of {request.name}")
        if request.key not in self.keys:
            number = self.keys[request.key] = len(self.approvals) + 1
            self.approvals[number] = Approval(
                id=number,
                kind=ApprovalKind.SPAWN,
                agent=request.name,
                status=ApprovalStatus.PENDING,
                commit="1" * 40,
                base="0" * 40,
                description=request.description,
                requested_by=caller.principal,
                requested_at=now(),
                notes=[],
                revives=True,
            )
            await self.emit(approvals.REQUESTED, ApprovalChanged(approval=self.approvals[number]))
        return self.approvals[self.keys[request.key]]
