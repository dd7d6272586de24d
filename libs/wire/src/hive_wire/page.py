"""What the operator's page gets over HTTP and its event stream. The page's TypeScript types come from here."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from hive_wire.approvals import (
    Approval,
    ApprovalList,
    BrokenRow,
    ConfigFile,
    DecideReply,
    DecideRequest,
    DiffPage,
    Draft,
    LooseEnds,
    Option,
    Question,
    QuestionList,
    Text,
)
from hive_wire.broker import FilePreview, Key, Message, MessageList, Receipt, Reminder, ReminderList
from hive_wire.builds import ActionList, OutputLine, OutputPage
from hive_wire.errors import ErrorBody
from hive_wire.lifecycle import Accepted, AgentView, Capabilities, LogsReply, LogsRequest, PortConflict
from hive_wire.live import AgentStatus, LiveEvent
from hive_wire.model import Timestamp, Wire
from hive_wire.rollouts import InputsUpdate, MetaInputs, Rollout
from hive_wire.tombstones import Tombstone, TombstoneList


class Signal(StrEnum):
    """Whether the dashboard hears an agent's harness. Silence is a state of its own."""

    LIVE = "live"
    NO_SIGNAL = "no_signal"
    DOWN = "down"


class Tile(Wire):
    """One agent on the page: its container, its loop and its mail, never merged into one word."""

    name: str
    view: AgentView
    status: AgentStatus | None
    """What the harness last said; None when it never did."""
    signal: Signal
    signal_since: Timestamp
    pending: int = 0
    in_flight: int = 0
    dead: int = 0
    reminders: int = 0
    """How many of its reminders are open."""


class Swarm(Wire):
    """The swarm as a whole."""

    name: str
    version: str
    capabilities: Capabilities
    conflicts: list[PortConflict]
    unreachable: list[str]
    """Services that the dashboard doesn't reach just now."""
    body_limit: int
    """The largest message body, bytes."""


class Snapshot(Wire):
    """Everything the page shows, at one position of its event stream."""

    position: str
    swarm: Swarm
    agents: list[Tile]
    """The manager first, then by name."""
    messages: list[Message]
    messages_more: bool
    inbox: list[Message] = Field(default_factory=list[Message])
    """Mail to the operator that is not handled, oldest first."""
    inbox_more: bool = False
    """There is older mail that is not handled either."""
    approvals: list[Approval] = Field(default_factory=list[Approval])
    """Those that wait for the operator or are under way, oldest first."""
    approvals_resolved: int = 0
    """How many approvals are resolved."""
    questions: list[Question] = Field(default_factory=list[Question])
    """Open questions to the operator, oldest first."""
    questions_more: bool = False
    """There are further open questions to the operator."""
    drafts: list[Draft] = Field(default_factory=list[Draft])
    reminders: list[Reminder] = Field(default_factory=list[Reminder])
    """Open reminders of the swarm, the soonest first; at most 1,000."""
    reminders_total: int = 0
    """How many reminders are open."""
    broken: list[BrokenRow] = Field(default_factory=list[BrokenRow])
    """Stored rows that can't be decoded."""
    rollouts: list[Rollout] = Field(default_factory=list[Rollout])
    """Those under way and the one that ended last, oldest first."""
    tombstones: list[Tombstone] = Field(default_factory=list[Tombstone])
    """What is kept of destroyed agents, by name."""


class TileEvent(Wire):
    """An agent's tile, whole."""

    type: Literal["agent"] = "agent"
    agent: Tile


class TileRemovedEvent(Wire):
    """An agent is gone."""

    type: Literal["agent_removed"] = "agent_removed"
    name: str


class MessageEvent(Wire):
    """A new message."""

    type: Literal["message"] = "message"
    message: Message


class ReceiptEvent(Wire):
    """A message that the page may have changed its state."""

    type: Literal["receipt"] = "receipt"
    receipt: Receipt


class ApprovalEvent(Wire):
    """An approval, whole; a resolved one leaves the queue."""

    type: Literal["approval"] = "approval"
    approval: Approval
    resolved: int
    """How many approvals are resolved now."""


class QuestionEvent(Wire):
    """A question to the operator, whole; one with an outcome leaves the queue."""

    type: Literal["question"] = "question"
    question: Question


class DraftEvent(Wire):
    """A draft, whole."""

    type: Literal["draft"] = "draft"
    draft: Draft


class DraftRemovedEvent(Wire):
    """A draft is gone."""

    type: Literal["draft_removed"] = "draft_removed"
    name: str


class ReminderEvent(Wire):
    """A reminder, whole; one that fired or was cancelled leaves the list."""

    type: Literal["reminder"] = "reminder"
    reminder: Reminder
    total: int = 0
    """How many reminders are open now."""


class PrintedEvent(Wire):
    """An action printed lines; those before them come from `GET /api/actions/ID/output`."""

    type: Literal["printed"] = "printed"
    action: int
    agent: str
    lines: list[OutputLine]


class RolloutEvent(Wire):
    """A rollout, whole."""

    type: Literal["rollout"] = "rollout"
    rollout: Rollout


class TombstoneEvent(Wire):
    """Something is kept of a destroyed agent; the whole of it."""

    type: Literal["tombstone"] = "tombstone"
    tombstone: Tombstone


class TombstoneRemovedEvent(Wire):
    """Nothing is kept of it any more, or it lives again."""

    type: Literal["tombstone_removed"] = "tombstone_removed"
    name: str


class LiveRowEvent(Wire):
    """A row of the terminal of an agent that this stream asked for."""

    type: Literal["live"] = "live"
    event: LiveEvent


class SwarmEvent(Wire):
    """The swarm's own facts, whole."""

    type: Literal["swarm"] = "swarm"
    swarm: Swarm


class ResetEvent(Wire):
    """The stream can't go on from where the page was: take a new snapshot."""

    type: Literal["reset"] = "reset"


class PingEvent(Wire):
    """The stream is alive."""

    type: Literal["ping"] = "ping"


PageEvent = (
    TileEvent
    | TileRemovedEvent
    | MessageEvent
    | ReceiptEvent
    | ApprovalEvent
    | QuestionEvent
    | DraftEvent
    | DraftRemovedEvent
    | ReminderEvent
    | PrintedEvent
    | RolloutEvent
    | TombstoneEvent
    | TombstoneRemovedEvent
    | LiveRowEvent
    | SwarmEvent
    | ResetEvent
    | PingEvent
)


class LoginRequest(Wire):
    """The code of a login address."""

    code: str = Field(min_length=1, max_length=200)


class SpawnForm(Wire):
    """An agent to make."""

    name: str = Field(max_length=64)


class SpawnRequestForm(SpawnForm):
    """An agent to ask for; the operator then decides on it like on any other."""

    description: Text = ""


class ReviveForm(Wire):
    """An agent to ask for anew, with what is kept of it; the operator then decides on it like on any other."""

    description: Text = ""
    key: Key
    """Made by the page, new for each request and kept for its retries."""


class AnswerForm(Wire):
    """An answer to a question: chosen options, free text, or both."""

    options: list[Option] = Field(default_factory=list[str], max_length=50)
    text: str = Field(default="", max_length=65_536)


class DestroyForm(Wire):
    """An agent to remove; `confirm` repeats its name."""

    confirm: str = Field(max_length=64)
    purge: bool = False


class AgentPageHistory(Wire):
    """Rows of an agent's terminal, oldest first."""

    events: list[LiveEvent]
    more: bool
    live: bool
    """They came from the running harness; otherwise from its store."""


class PageError(Wire):
    """Every refused HTTP request."""

    error: ErrorBody


MODELS = (
    Snapshot, TileEvent, TileRemovedEvent, MessageEvent, ReceiptEvent, LiveRowEvent, SwarmEvent, ResetEvent,
    PingEvent, LoginRequest, SpawnForm, DestroyForm, AgentPageHistory, PageError, ApprovalEvent, QuestionEvent,
    DraftEvent, DraftRemovedEvent, ReminderEvent, SpawnRequestForm, AnswerForm, DecideRequest, DecideReply, DiffPage,
    ApprovalList, QuestionList, ReminderList, MessageList, FilePreview, ConfigFile, LooseEnds, PrintedEvent,
    RolloutEvent, TombstoneEvent, TombstoneRemovedEvent, ReviveForm, Accepted, ActionList, OutputPage, MetaInputs,
    InputsUpdate, TombstoneList, LogsRequest, LogsReply,
)  # fmt: skip
