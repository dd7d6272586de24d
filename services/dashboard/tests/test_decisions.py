"""What waits for the operator's decision, after snapshots and events."""

from datetime import UTC, datetime, timedelta

from hive_dashboard.decisions import Decisions
from hive_dashboard.sources import Numbered, Source
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
    Outcome,
    Question,
    QuestionChanged,
)
from hive_wire.page import ApprovalEvent, DraftEvent, DraftRemovedEvent, QuestionEvent
from hive_wire.verb import Event
from hypothesis import given
from hypothesis import strategies as st

T0 = datetime(2026, 11, 21, tzinfo=UTC)
END = {
    ApprovalStatus.APPROVED: approvals.DECIDED,
    ApprovalStatus.BUILDING: approvals.BUILDING,
    ApprovalStatus.DEPLOYED: approvals.RESOLVED,
    ApprovalStatus.FAILED: approvals.RESOLVED,
}

Step = tuple[Event[ApprovalChanged], ApprovalChanged] | tuple[Event[QuestionChanged], QuestionChanged]


def approval(number: int = 1, status: ApprovalStatus = ApprovalStatus.PENDING) -> Approval:
    return Approval(
        id=number,
        kind=ApprovalKind.SPAWN,
        agent="coder",
        status=status,
        commit="1" * 40,
        base=None,
        description="",
        requested_by="manager",
        requested_at=T0,
        notes=[],
    )


def question(number: int = 1, to: str = "operator", outcome: Outcome | None = None) -> Question:
    return Question(
        id=number,
        asker="coder",
        to=to,
        question="Tea?",
        options=[],
        multi=False,
        asked_at=T0,
        deadline=None,
        outcome=outcome,
    )


def draft(name: str, minutes: int = 0) -> Draft:
    return Draft(name=name, requested_by="manager", created_at=T0 + timedelta(minutes=minutes), start_commit=None)


def snapshot(**held: object) -> ApprovalsSnapshot:
    empty = {"approvals": [], "resolved": 0, "questions": [], "drafts": [], "broken": []}
    return ApprovalsSnapshot.model_validate({"outbox_id": 0, "store": "a", **empty, **held})


def put(decisions: Decisions, event: Event[ApprovalChanged], status: ApprovalStatus, number: int = 1) -> ApprovalEvent:
    (told,) = decisions.apply(event, ApprovalChanged(approval=approval(number, status)))
    assert isinstance(told, ApprovalEvent)
    return told


def test_the_queue_is_oldest_first_and_a_resolved_approval_leaves_it() -> None:
    decisions = Decisions()
    decisions.install(snapshot(approvals=[approval(2)], resolved=7))
    put(decisions, approvals.REQUESTED, ApprovalStatus.PENDING, 1)
    assert [held.id for held in decisions.approvals] == [1, 2]
    put(decisions, approvals.DECIDED, ApprovalStatus.APPROVED, 1)
    put(decisions, approvals.BUILDING, ApprovalStatus.BUILDING, 1)
    assert [held.status for held in decisions.approvals] == ["building", "pending"]
    assert put(decisions, approvals.RESOLVED, ApprovalStatus.DEPLOYED, 1).resolved == 8
    assert [held.id for held in decisions.approvals] == [2]


def test_a_denial_leaves_at_once_and_counts_once() -> None:
    decisions = Decisions()
    decisions.install(snapshot(approvals=[approval(1)]))
    put(decisions, approvals.DECIDED, ApprovalStatus.DENIED)
    assert decisions.approvals == []
    assert put(decisions, approvals.RESOLVED, ApprovalStatus.DENIED).resolved == 1


def test_a_proposal_that_never_waited_is_counted_too() -> None:
    decisions = Decisions()
    assert put(decisions, approvals.RESOLVED, ApprovalStatus.FAILED).resolved == 1
    assert decisions.approvals == []


def test_questions_between_agents_never_show_in_the_operators_queue() -> None:
    decisions = Decisions()
    decisions.install(snapshot(questions=[question(1), question(2, to="scribe")]))
    assert decisions.apply(approvals.ASKED, QuestionChanged(question=question(3, to="scribe"))) == []
    assert [held.id for held in decisions.questions] == [1]


def test_an_ended_question_leaves_the_queue() -> None:
    decisions = Decisions()
    decisions.apply(approvals.ASKED, QuestionChanged(question=question()))
    held = question().model_copy(update={"deadline": T0})
    decisions.apply(approvals.HELD, QuestionChanged(question=held))
    assert decisions.questions == [held]
    for outcome in Outcome:
        decisions.apply(approvals.ASKED, QuestionChanged(question=question()))
        (told,) = decisions.apply(approvals.ANSWERED, QuestionChanged(question=question(outcome=outcome)))
        assert isinstance(told, QuestionEvent)
        assert (told.question.outcome, decisions.questions) == (outcome, [])


def test_drafts_come_and_go() -> None:
    decisions = Decisions()
    decisions.install(snapshot(drafts=[draft("zoe", 1), draft("abe", 2)]))
    (told,) = decisions.apply(approvals.DRAFTED, DraftChanged(draft=draft("mia")))
    assert isinstance(told, DraftEvent)
    assert [held.name for held in decisions.drafts] == ["mia", "zoe", "abe"]
    gone = DraftName(name="zoe")
    assert decisions.apply(approvals.DRAFT_REMOVED, gone) == [DraftRemovedEvent(name="zoe")]
    assert decisions.apply(approvals.DRAFT_REMOVED, gone) == []


def test_broken_rows_are_shown() -> None:
    decisions = Decisions()
    broken = BrokenRow(table="questions", id=4, error="no JSON")
    decisions.install(snapshot(broken=[broken], questions=[question(5)]))
    assert (decisions.broken, [held.id for held in decisions.questions]) == ([broken], [5])


# A snapshot at any moment, with the events after it, gives the state that the events alone give.


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Approvals and questions from their first event to any later one."""
    steps: list[Step] = []
    stages: dict[int, int] = {}
    asked: list[int] = []
    for kind in draw(st.lists(st.integers(0, 4), max_size=15)):
        going = sorted(number for number, stage in stages.items() if stage < len(END))
        if kind == 0 or (kind == 1 and not going):
            number = len(stages) + 1
            stages[number] = 0
            steps.append((approvals.REQUESTED, ApprovalChanged(approval=approval(number))))
        elif kind == 1:
            number = draw(st.sampled_from(going))
            status, event = list(END.items())[stages[number]]
            stages[number] = len(END) if status in FINAL else stages[number] + 1
            steps.append((event, ApprovalChanged(approval=approval(number, status))))
        elif kind == 4 and asked:
            ended = question(draw(st.sampled_from(asked)), outcome=Outcome.ANSWERED)
            asked.remove(ended.id)
            steps.append((approvals.ANSWERED, QuestionChanged(question=ended)))
        else:
            asked.append(len(steps) + 1)
            steps.append((approvals.ASKED, QuestionChanged(question=question(len(steps) + 1))))
    return steps


def _snapshot_after(steps: list[Step]) -> ApprovalsSnapshot:
    held = {p.approval.id: p.approval for _, p in steps if isinstance(p, ApprovalChanged)}
    questions = {p.question.id: p.question for _, p in steps if isinstance(p, QuestionChanged)}
    return snapshot(
        outbox_id=len(steps),
        approvals=[a for a in held.values() if a.status not in FINAL],
        resolved=sum(a.status in FINAL for a in held.values()),
        questions=[q for q in questions.values() if q.outcome is None],
    )


def _run(steps: list[Step], made: int, came: int) -> tuple[list[Approval], list[Question], int]:
    """The snapshot holds `made` steps and comes when `came` have come."""
    decisions, source = Decisions(), Source()
    numbered = [Numbered("a", n, event, payload) for n, (event, payload) in enumerate(steps, 1)]
    source.begin()
    for event in numbered[:came]:
        assert source.take(event) == []
    waiting = source.install("a", made)
    decisions.install(_snapshot_after(steps[:made]))
    later = [taken for event in numbered[came:] for taken in source.take(event)]
    for event in [*waiting, *later]:
        decisions.apply(event.event, event.payload)
    return decisions.approvals, decisions.questions, decisions.resolved


@given(steps=lives(), data=st.data())
def test_any_interleaving_gives_the_same_queue(steps: list[Step], data: st.DataObject) -> None:
    made = data.draw(st.integers(0, len(steps)))
    came = data.draw(st.integers(made, len(steps)))
    assert _run(steps, made, came) == _run(steps, 0, 0)
