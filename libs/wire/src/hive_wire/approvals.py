"""Approvals, questions, drafts, loose ends, configuration repositories: what approvals answers and what it tells."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hive_wire.agent_config import AgentConfig
from hive_wire.broker import Key, Name
from hive_wire.model import Empty, Id, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.verb import Event, Verb

SERVICE = "approvals"
CORE = frozenset({Role.CORE})
OPERATOR = frozenset({Role.OPERATOR})
DECIDERS = frozenset({Role.OPERATOR, Role.MANAGER})
EVERYONE = frozenset({Role.OPERATOR, Role.MANAGER, Role.AGENT})
OBSERVERS = frozenset({Role.OPERATOR, Role.MANAGER, Role.CORE})
TTL_WATCHDOG = "ttl-watchdog"
"""Who answers a question whose time is over."""
EXPIRED = "[expired]"
HOLD_SECONDS = 30
HOLD_MAX_SECONDS = 600
TTL_MAX_SECONDS = 365 * 86_400
BATCH_MAX = 100

Text = Annotated[str, Field(max_length=32_768)]
Option = Annotated[str, Field(min_length=1, max_length=1000)]


class ApprovalKind(StrEnum):
    """What the operator is asked to approve."""

    SPAWN = "spawn"
    APPLY_COMMIT = "apply_commit"


class ApprovalStatus(StrEnum):
    """How far an approval is. The last four are final."""

    PENDING = "pending"
    APPROVED = "approved"
    BUILDING = "building"
    DEPLOYED = "deployed"
    FAILED = "failed"
    DENIED = "denied"
    SUPERSEDED = "superseded"


FINAL = frozenset({ApprovalStatus.DEPLOYED, ApprovalStatus.FAILED, ApprovalStatus.DENIED, ApprovalStatus.SUPERSEDED})


class Approval(Wire):
    """One request for the operator's decision, with every step that it has taken."""

    id: int
    kind: ApprovalKind
    agent: str
    status: ApprovalStatus
    commit: str
    """The full id of the one commit that it is about."""
    base: str | None
    """The commit that was deployed when it was asked for; None for a new agent."""
    description: str
    requested_by: str
    requested_at: Timestamp
    notes: list[str]
    """What the operator should know beside the diff: both files set an option, a file is no text, and the like."""
    decided_by: str | None = None
    decided_at: Timestamp | None = None
    building_at: Timestamp | None = None
    resolved_at: Timestamp | None = None
    note: str | None = None
    """The reason of a denial, the error of a failed build, what superseded it."""
    revives: bool = False
    """The new agent takes over what is kept of a destroyed one of that name."""


class BrokenRow(Wire):
    """A stored row that can't be decoded. Shown, never left out."""

    table: str
    id: int
    error: str


class ApprovalList(Wire):
    """Approvals. `more`: there are further ones, to be asked for with `before`."""

    approvals: list[Approval]
    broken: list[BrokenRow]
    more: bool = False
    before: str | None = None
    """Where the next page begins, as it was given."""
    total: int = 0
    """How many there are in all."""


class HistoryRequest(Wire):
    """A page of resolved approvals, the last resolved first."""

    limit: int = Field(default=30, ge=1, le=200)
    before: str | None = Field(default=None, max_length=64)


class ApprovalId(Wire):
    """One approval."""

    id: Id


class SpawnRequest(Wire):
    """A new agent, made from the template."""

    name: str = Field(max_length=64)
    description: Text = ""
    key: Key


class DraftRequest(Wire):
    """A new agent whose configuration is to be written first."""

    name: str = Field(max_length=64)
    key: Key


class SpawnCommitRequest(Wire):
    """A draft's commit, to make the agent from."""

    name: str = Field(max_length=64)
    commit: str = Field(max_length=100)
    """7 to 40 hexadecimal digits; branches and tags are refused."""
    description: Text = ""
    key: Key


class ApplyCommitRequest(Wire):
    """A commit of an agent's proposed repository, to be deployed."""

    agent: str = Field(max_length=64)
    commit: str = Field(max_length=100)
    """7 to 40 hexadecimal digits; branches and tags are refused."""
    description: Text = ""
    key: Key


class FileStatus(StrEnum):
    """What a proposal does to a file."""

    ADDED = "added"
    DELETED = "deleted"
    MODIFIED = "modified"
    RENAMED = "renamed"


class DiffPart(Wire):
    """One file's part of a unified diff, or a piece of it."""

    number: int
    """The file's place in the diff, from 0."""
    path: str
    old_path: str | None
    """Its name before, where it was renamed."""
    status: FileStatus
    old_mode: str | None
    new_mode: str | None
    binary: bool
    """The part is a binary patch."""
    additions: int
    deletions: int
    text: str
    """Raw unified diff, this file's header included. Bytes that are no UTF-8 stand as `\\xNN`, and a note says so."""
    continues: bool
    """The next page goes on with this file."""


class DiffRequest(Wire):
    """A page of a proposal's diff."""

    id: Id
    cursor: str | None = Field(default=None, max_length=64)
    """`next` of the page before."""


class DiffPage(Wire):
    """A page of a proposal's unified diff against what is deployed; all pages' texts in a row are the whole diff."""

    approval: Approval
    hash: str
    """What a decision must carry: of commit, base, the full diff and everything else that is shown."""
    base: str | None
    """The commit that the diff is against; None: against nothing."""
    files: int
    """How many files the whole diff has."""
    additions: int
    deletions: int
    parts: list[DiffPart]
    next: str | None


class Decision(StrEnum):
    """What the operator decides."""

    APPROVE = "approve"
    DENY = "deny"


class DecisionItem(Wire):
    """An approval, and the hash of what was shown of it."""

    id: Id
    hash: str = Field(min_length=1, max_length=128)


class DecideRequest(Wire):
    """The operator's decision on one approval or several."""

    decision: Decision
    items: list[DecisionItem] = Field(min_length=1, max_length=BATCH_MAX)
    reason: Text | None = None
    """For a denial; the manager reads it."""


class DecisionResult(Wire):
    """What became of one decision. Exactly one of `code` and a changed `approval` says it."""

    id: int
    ok: bool
    approval: Approval | None
    """As it is now, also when the decision was refused."""
    code: str | None = None
    """Why it was refused: `already_decided`, `changed_since_shown`, `stale_base`, `deploy_in_flight`, `not_found`, …"""
    message: str | None = None


class DecideReply(Wire):
    """One result for each item, in their order."""

    results: list[DecisionResult]


class Draft(Wire):
    """An agent to be: it has a proposed repository and a state folder but no container."""

    name: str
    requested_by: str
    created_at: Timestamp
    start_commit: str | None
    """The template's commit, which a proposal must descend from; None while it is being made."""
    approval: int | None = None
    """The approval that waits for the operator, if one was asked for."""


class DraftList(Wire):
    """All drafts, oldest first."""

    drafts: list[Draft]


class DraftName(Wire):
    """One draft."""

    name: str = Field(max_length=64)


class ConfigRequest(Wire):
    """A file of an agent's deployed configuration."""

    agent: str = Field(max_length=64)
    path: str = Field(default="agent.nix", max_length=1000)


class ConfigFile(Wire):
    """A file as it is deployed."""

    agent: str
    commit: str
    path: str
    text: str
    cut: bool
    """The file is longer than a reply can be; the rest is left out."""
    paths: list[str]
    """All files of that commit."""


class Outcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Question(Wire):
    """A question and, once it has one, its answer."""

    id: int
    asker: str
    to: str
    """`operator` or an agent's name."""
    question: str
    options: list[str]
    multi: bool
    asked_at: Timestamp
    deadline: Timestamp | None
    """When it ends as expired; later while it is held."""
    hold_left_seconds: float | None = None
    """How much longer the operator can hold the deadline in all; None without one."""
    held_until: Timestamp | None = None
    """While the operator is writing: until when the deadline is held at the least."""
    outcome: Outcome | None = None
    answer: str | None = None
    answerer: str | None = None
    answered_at: Timestamp | None = None


class AskRequest(Wire):
    """A question to the operator or to an agent."""

    question: str = Field(min_length=1, max_length=32_768)
    to: Name = "operator"
    options: list[Option] = Field(default_factory=list[str], max_length=50)
    multi: bool = False
    """Several options may be chosen."""
    ttl_seconds: float | None = Field(default=None, gt=0, le=TTL_MAX_SECONDS)
    """After so long without an answer it ends as expired."""
    key: Key


class AnswerRequest(Wire):
    """An answer: chosen options, free text, or both; joined by `, `."""

    id: Id
    options: list[Option] = Field(default_factory=list[str], max_length=50)
    text: Annotated[str, Field(max_length=65_536)] = ""


class QuestionId(Wire):
    """One question."""

    id: Id


class QuestionsRequest(Wire):
    """Questions that the caller has a part in; the operator and the manager see all."""

    open: bool = True
    """Only those without an outcome."""
    to: Name | None = None
    """Only those to this principal."""
    before: Id | None = None
    limit: int = Field(default=100, ge=1, le=500)


class QuestionList(Wire):
    """Questions, oldest first. `more`: there are older ones."""

    questions: list[Question]
    broken: list[BrokenRow]
    more: bool = False


class LooseEndKind(StrEnum):
    """What is still open."""

    APPROVAL = "approval"
    QUESTION = "question"
    REMINDER = "reminder"


class LooseEnd(Wire):
    """Something that somebody waits for."""

    kind: LooseEndKind
    id: int
    owner: str
    """Who asked for it."""
    waits_for: str
    """Who or what would end it: `operator`, an agent's name, or `clock`."""
    summary: str
    """The whole text that it is about."""
    since: Timestamp
    age_seconds: float
    due: Timestamp | None = None
    failed: str | None = None
    """Why a reminder could not be delivered."""


class LooseEnds(Wire):
    """All loose ends that the caller may see, oldest first."""

    ends: list[LooseEnd]
    broken: list[BrokenRow]
    unreachable: list[str]
    """Services whose loose ends are missing here, since they don't answer."""
    left_out: int = 0
    """How many more there are, newer ones, that one reply can't hold."""


class CancelRequest(Wire):
    """A loose end to cancel."""

    kind: LooseEndKind
    id: Id


class SeedRequest(Wire):
    """An agent that the operator spawned without an approval."""

    agent: str = Field(max_length=64)
    role: Role
    requested_by: str


class SeedReply(Wire):
    """Both repositories exist."""

    commit: str
    """The commit that the applied repository's `main` is at."""
    approval: int
    """The row under which the spawn is recorded."""
    config: AgentConfig = AgentConfig()
    """`agent.toml` of that commit."""


class ReposRequest(Wire):
    """The agent whose repositories shall go."""

    agent: str = Field(max_length=64)


class ApprovalsSnapshot(Wire):
    """The open decisions with their position in the service's own event sequence."""

    outbox_id: int
    store: str
    approvals: list[Approval]
    """Pending ones and those under way, oldest first."""
    resolved: int
    """How many are resolved."""
    questions: list[Question]
    """Open ones, also between agents; the oldest ones where there are more than a reply can hold."""
    questions_left_out: int = 0
    """How many more are open."""
    drafts: list[Draft]
    broken: list[BrokenRow]


REQUEST_SPAWN = Verb(
    SERVICE, "request_spawn", SpawnRequest, Approval, DECIDERS,
    "Ask the operator to approve a new agent, made from the template.", seconds=15,
)  # fmt: skip
REQUEST_SPAWN_DRAFT = Verb(
    SERVICE, "request_spawn_draft", DraftRequest, Draft, DECIDERS,
    "Make a new agent's proposed repository and state folder, so that its configuration can be written.", seconds=15,
)  # fmt: skip
REQUEST_SPAWN_COMMIT = Verb(
    SERVICE, "request_spawn_commit", SpawnCommitRequest, Approval, DECIDERS,
    "Ask the operator to approve a draft's commit and to make the agent from it.", seconds=15,
)  # fmt: skip
REVIVE = Verb(
    SERVICE, "revive", SpawnRequest, Approval, DECIDERS,
    "Ask the operator to approve an agent anew that was destroyed, with the state and configuration kept of it.",
    seconds=15,
)  # fmt: skip
REQUEST_APPLY_COMMIT = Verb(
    SERVICE, "request_apply_commit", ApplyCommitRequest, Approval, DECIDERS,
    "Ask the operator to approve a commit of an agent's proposed repository.", seconds=15,
)  # fmt: skip
PENDING = Verb(SERVICE, "pending", Empty, ApprovalList, OBSERVERS, "Approvals that wait or are under way.")
HISTORY = Verb(SERVICE, "history", HistoryRequest, ApprovalList, OBSERVERS, "Resolved approvals, the last one first.")
APPROVAL = Verb(SERVICE, "approval", ApprovalId, Approval, OBSERVERS, "One approval.")
DIFF = Verb(
    SERVICE, "diff", DiffRequest, DiffPage, OBSERVERS,
    "A page of a proposal's diff, and the hash that a decision must carry.", seconds=20,
)  # fmt: skip
DECIDE = Verb(
    SERVICE, "decide", DecideRequest, DecideReply, OPERATOR,
    "Approve or deny exactly what was shown; one result for each.", seconds=30,
)  # fmt: skip
DRAFTS = Verb(SERVICE, "drafts", Empty, DraftList, OBSERVERS, "Agents to be.")
DISCARD_DRAFT = Verb(
    SERVICE, "discard_draft", DraftName, Empty, DECIDERS, "Remove a draft, its repository and its state folder.",
    seconds=15,
)  # fmt: skip
READ_CONFIG = Verb(SERVICE, "read_config", ConfigRequest, ConfigFile, OBSERVERS, "A file of what is deployed.")
ASK = Verb(SERVICE, "ask", AskRequest, Question, EVERYONE, "Ask the operator or an agent; the reply has the id.")
ANSWER = Verb(SERVICE, "answer", AnswerRequest, Question, EVERYONE, "Answer a question; the first answer counts.")
CANCEL_QUESTION = Verb(SERVICE, "cancel_question", QuestionId, Question, EVERYONE, "End a question without an answer.")
HOLD_QUESTION = Verb(
    SERVICE, "hold_question", QuestionId, Question, OPERATOR,
    "Hold a question's deadline for 30 s, while the operator writes; ten minutes at most in all.",
)  # fmt: skip
QUESTIONS = Verb(SERVICE, "questions", QuestionsRequest, QuestionList, EVERYONE, "Questions that one has a part in.")
LOOSE_ENDS = Verb(
    SERVICE, "loose_ends", Empty, LooseEnds, EVERYONE,
    "What is open: approvals, questions, reminders; one's own, or all for the manager and the operator.",
)  # fmt: skip
CANCEL_LOOSE_END = Verb(
    SERVICE, "cancel_loose_end", CancelRequest, Empty, EVERYONE, "Cancel a question or reminder of one's own."
)
SEED_REPOS = Verb(
    SERVICE, "seed_repos", SeedRequest, SeedReply, CORE,
    "Make an agent's proposed and applied repository from the template where they are missing, and record the spawn.",
    seconds=10,
)  # fmt: skip
REMOVE_REPOS = Verb(
    SERVICE, "remove_repos", ReposRequest, Empty, CORE, "Remove a purged agent's repositories; the rows stay."
)
SNAPSHOT = Verb(SERVICE, "snapshot", Empty, ApprovalsSnapshot, CORE, "The state to start a projection from.")
VERBS = (
    REQUEST_SPAWN, REQUEST_SPAWN_DRAFT, REQUEST_SPAWN_COMMIT, REVIVE, REQUEST_APPLY_COMMIT, PENDING, HISTORY, APPROVAL,
    DIFF, DECIDE, DRAFTS, DISCARD_DRAFT, READ_CONFIG, ASK, ANSWER, CANCEL_QUESTION, HOLD_QUESTION, QUESTIONS,
    LOOSE_ENDS, CANCEL_LOOSE_END, SEED_REPOS, REMOVE_REPOS, SNAPSHOT,
)  # fmt: skip


class ApprovalChanged(Wire):
    """An approval, whole, as it is now."""

    approval: Approval


class Approved(ApprovalChanged):
    """An approval to carry out. Its tag and branch are in the applied repository."""

    config: AgentConfig
    """`agent.toml` of its commit."""
    branch: str
    """The branch of the applied repository that pins the commit while it is built."""


class QuestionChanged(Wire):
    """A question, whole, as it is now."""

    question: Question


class DraftChanged(Wire):
    """A draft, whole, as it is now."""

    draft: Draft


REQUESTED = Event(SERVICE, "approval", "requested", ApprovalChanged, "An approval waits for the operator.")
DECIDED = Event(SERVICE, "approval", "decided", ApprovalChanged, "The operator approved or denied.")
APPROVED = Event(SERVICE, "approval", "approved", Approved, "An approval is released to lifecycle.")
BUILDING = Event(SERVICE, "approval", "building", ApprovalChanged, "An approval is being carried out.")
RESOLVED = Event(
    SERVICE, "approval", "resolved", ApprovalChanged, "An approval is deployed, failed, denied, superseded."
)
ASKED = Event(SERVICE, "question", "asked", QuestionChanged, "A question waits for an answer.")
HELD = Event(SERVICE, "question", "held", QuestionChanged, "A question's deadline moved.")
ANSWERED = Event(SERVICE, "question", "answered", QuestionChanged, "A question ended: answered, cancelled or expired.")
DRAFTED = Event(SERVICE, "draft", "changed", DraftChanged, "A draft was made or has an approval now.")
DRAFT_REMOVED = Event(SERVICE, "draft", "removed", DraftName, "A draft was discarded or became an agent.")
EVENTS = (REQUESTED, DECIDED, APPROVED, BUILDING, RESOLVED, ASKED, HELD, ANSWERED, DRAFTED, DRAFT_REMOVED)
