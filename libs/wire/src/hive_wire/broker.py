"""Messages: what the broker answers and what it tells."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hive_wire.model import Empty, Id, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.verb import Event, Verb

SERVICE = "broker"
RECV_MAX = 32
RECV_WAIT_SECONDS = 180
PAGE_BYTES = 4 * 1024 * 1024
"""The most that one page of a reply holds, encoded."""

Key = Annotated[str, Field(min_length=1, max_length=128)]
Name = Annotated[str, Field(max_length=64)]
Turn = Annotated[str, Field(min_length=1, max_length=64)]
Page = Annotated[int, Field(ge=1, le=500)]
Ids = Annotated[list[Id], Field(max_length=1024)]

EVERYONE = frozenset({Role.OPERATOR, Role.MANAGER, Role.AGENT})
AGENTS = frozenset({Role.MANAGER, Role.AGENT})
OPERATOR = frozenset({Role.OPERATOR})
CORE = frozenset({Role.CORE})


class MessageState(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    ACKED = "acked"
    DEAD = "dead"
    DISMISSED = "dismissed"


class MessageKind(StrEnum):
    """What a message is: somebody's words, or the system's."""

    MESSAGE = "message"
    SYSTEM = "system"


class Cause(StrEnum):
    """Why a turn ended badly. Only `handling` counts towards a message's death."""

    HANDLING = "handling"
    OUTAGE = "outage"
    LIMIT = "limit"
    LOGIN = "login"
    CANCELLED = "cancelled"
    KILLED = "killed"
    PARKED = "parked"


class Receipt(Wire):
    """What became of one message."""

    id: int
    sender: str
    recipient: str
    state: MessageState
    stored_at: Timestamp
    delivered_at: Timestamp | None = None
    """When it was last handed out; for mail to the operator, first shown on a page."""
    acked_at: Timestamp | None = None
    """When its turn ended well; for mail to the operator, marked handled."""
    turn: str | None = None
    """The turn that it was last handed out in."""
    attempts: int = 0
    """How often it was handed out."""
    redelivered: int = 0
    """How often it was put back after having been handed out."""
    failures: int = 0
    """How many of its turns failed for a reason of its own."""
    dead_reason: str | None = None


class FileRef(Wire):
    """A file that a message's body names, as it was when the message was stored."""

    path: str
    """As it stands in the body."""
    size: int
    """Bytes."""


class Message(Receipt):
    """A message with its receipt."""

    body: str
    kind: MessageKind = MessageKind.MESSAGE
    in_reply_to: int | None = None
    file_refs: list[FileRef] = Field(default_factory=list[FileRef])
    """Files in the sender's and the recipient's shared folders that the body names; only the operator sees them."""


class FileRequest(Wire):
    """One of a message's files."""

    id: Id
    number: int = Field(ge=0, le=1000)
    """Its place in `file_refs`, from 0."""


class FilePreview(Wire):
    """The beginning of a file, as it is now."""

    path: str
    size: int
    """Bytes, all of the file."""
    text: str | None
    """None for a file that is no text."""
    cut: bool
    """The file is longer than what is here."""


class SendRequest(Wire):
    """A message to store."""

    to: Name
    """An agent's name, `manager` or `operator`."""
    body: str = Field(min_length=1)
    """Text; Markdown is rendered on pages. At most 256 KiB encoded unless configured otherwise."""
    key: Key
    """Made by the caller, new for each message and kept for its retries."""
    in_reply_to: Id | None = None
    """The id of the message that this one answers."""


class SendReply(Wire):
    """The message is committed to disk."""

    id: int
    state: MessageState
    stored_at: Timestamp
    repeated: bool = False
    """The key was known: this is the first one's id and nothing new was stored."""


class RecvRequest(Wire):
    """A request for the oldest undelivered messages."""

    epoch: int
    turn: Turn
    """The turn that the messages are handed to."""
    key: Key
    """Made by the caller; its repeat returns the same batch."""
    wait_seconds: float = Field(default=0, ge=0, le=RECV_WAIT_SECONDS)
    max: int = Field(default=RECV_MAX, ge=1, le=RECV_MAX)


class Delivery(Wire):
    """A message as it is handed out."""

    id: int
    sender: str
    body: str
    kind: MessageKind
    in_reply_to: int | None
    stored_at: Timestamp
    redelivered: bool
    """It was handed out before; what its turn did may have happened already."""
    attempts: int


class RecvReply(Wire):
    """A batch; empty when nothing came in time."""

    messages: list[Delivery]
    waiting: int
    """How many more wait in the inbox."""


class AckRequest(Wire):
    """A turn ended well."""

    epoch: int
    turn: Turn
    ids: Ids


class AckReply(Wire):
    """What was acked now; repeats say 0."""

    acked: int


class NackRequest(Wire):
    """A turn ended badly: its messages go back to the head of the line."""

    epoch: int
    turn: Turn
    ids: Ids
    reason: str = Field(max_length=4096)
    cause: Cause


class NackReply(Wire):
    """What happened to the messages."""

    requeued: list[int]
    dead: list[int]
    retry_after_seconds: float
    """How long the inbox waits before it hands them out again."""


class RequeueRequest(Wire):
    """A harness started."""

    start_key: Key
    """Made at each start of the harness; a repeat of the same start returns the same epoch."""


class RequeueReply(Wire):
    """The epoch that this start's requests carry from now on."""

    epoch: int
    requeued: int


class RecentRequest(Wire):
    """The last messages of an inbox."""

    limit: Page = 20
    inbox: Name | None = None
    """Whose inbox; the caller's own unless the operator asks."""
    before: Id | None = None
    """Only messages with a smaller id, for the next page."""
    open: bool = False
    """Only those that are not settled: for mail to the operator, not marked handled."""


class MessageList(Wire):
    """Messages, oldest first. `more`: there are older ones."""

    messages: list[Message]
    more: bool


class MessageId(Wire):
    """One message."""

    id: Id


class HistoryRequest(Wire):
    """Messages of the whole swarm."""

    before: Id | None = None
    """Only messages with a smaller id."""
    limit: Page = 50
    state: MessageState | None = None
    """Only messages in this state."""


class MessageIds(Wire):
    """Several messages."""

    ids: Ids


class Changed(Wire):
    """How many messages changed; repeats say 0."""

    changed: int


class InboxName(Wire):
    """An inbox to open or close."""

    name: Name
    may_write_to: list[str] | None = None
    """Whom its owner may write to; None: everyone. Only for opening."""


class InboxCounts(Wire):
    """What lies in one inbox."""

    name: str
    pending: int
    in_flight: int
    dead: int


class ReminderState(StrEnum):
    """What became of a reminder. A failed one is tried again."""

    PENDING = "pending"
    FAILED = "failed"
    FIRED = "fired"
    CANCELLED = "cancelled"


class Reminder(Wire):
    """A message to oneself, later."""

    id: int
    owner: str
    message: str
    due: Timestamp
    created_at: Timestamp
    file_path: str | None
    """Where its text is written; the message then only points there."""
    state: ReminderState
    error: str | None = None
    """Why its last delivery failed."""
    attempts: int = 0
    """How many deliveries failed."""
    next_attempt: Timestamp | None = None
    """When a failed one is tried again."""
    ended_at: Timestamp | None = None
    message_id: int | None = None
    """The message that it became."""


class RemindRequest(Wire):
    """A reminder to set; either `in_seconds` or `at`."""

    message: str = Field(min_length=1, max_length=262_144)
    in_seconds: float | None = Field(default=None, ge=0, le=10 * 365 * 86_400)
    at: Timestamp | None = None
    file_path: str | None = Field(default=None, min_length=1, max_length=1000)
    """Where to write a long text, in the owner's state folder: `/state/…` or relative to it."""
    key: Key


class RemindersRequest(Wire):
    """Reminders that are open; one's own, or anybody's for the manager and the operator."""

    owner: Name | None = None
    """Only this one's. Agents see only their own."""
    after: int = Field(default=0, ge=0, le=2**63 - 1)
    """Only those with a larger id, for the next page."""
    limit: int = Field(default=200, ge=1, le=1000)


class ReminderCount(Wire):
    """How many reminders of one agent are open."""

    owner: str
    open: int


class ReminderList(Wire):
    """Open reminders by id, with the counts of all."""

    reminders: list[Reminder]
    counts: list[ReminderCount]
    more: bool = False


class ReminderId(Wire):
    """One reminder."""

    id: Id
    on_behalf_of: Name | None = None
    """Only our own services may say for whom they ask."""


class BrokerSnapshot(Wire):
    """The broker's state with its position in its own event sequence."""

    outbox_id: int
    store: str
    """The database's own id; event ids are `broker:<store>:<outbox id>`."""
    inboxes: list[InboxCounts]
    messages: list[Message]
    """The last messages of the swarm, oldest first."""
    more: bool
    reminders: list[Reminder] = Field(default_factory=list[Reminder])
    """Open ones, the soonest first; at most 1,000."""
    reminder_counts: list[ReminderCount] = Field(default_factory=list[ReminderCount])


class Received(Wire):
    """A message was stored."""

    message: Message
    counts: InboxCounts


class Moved(Wire):
    """Messages of one inbox changed their state."""

    receipts: list[Receipt]
    counts: InboxCounts


class ReminderChanged(Wire):
    """A reminder, whole, as it is now."""

    reminder: Reminder
    open: int
    """How many of its owner's reminders are open now."""


SEND = Verb(
    SERVICE, "send", SendRequest, SendReply, EVERYONE,
    "Store one message for an agent, the manager or the operator; the reply leaves after the commit.",
)  # fmt: skip
RECV = Verb(
    SERVICE, "recv", RecvRequest, RecvReply, AGENTS,
    "Take the oldest undelivered messages, waiting for the first one.",
    seconds=RECV_WAIT_SECONDS + 10,
)  # fmt: skip
ACK_TURN = Verb(SERVICE, "ack_turn", AckRequest, AckReply, AGENTS, "Ack the messages of a turn that ended well.")
NACK = Verb(SERVICE, "nack", NackRequest, NackReply, AGENTS, "Put the messages of a failed turn back.")
REQUEUE_INFLIGHT = Verb(
    SERVICE, "requeue_inflight", RequeueRequest, RequeueReply, AGENTS,
    "Begin a new epoch: everything still in flight goes back in line.",
)  # fmt: skip
RECENT = Verb(
    SERVICE, "recent", RecentRequest, MessageList, EVERYONE,
    "List the last messages of an inbox with their states; delivers nothing.",
)  # fmt: skip
MESSAGE_STATUS = Verb(
    SERVICE, "message_status", MessageId, Message, EVERYONE,
    "Say what became of a message; for its sender, its recipient and the operator.",
)  # fmt: skip
HISTORY = Verb(SERVICE, "history", HistoryRequest, MessageList, OPERATOR, "List messages of the whole swarm.")
THREAD = Verb(
    SERVICE,
    "thread",
    MessageId,
    MessageList,
    OPERATOR,
    "List the thread that a message belongs to, oldest first.",
)
MARK_SHOWN = Verb(SERVICE, "mark_shown", MessageIds, Changed, OPERATOR, "Mark mail to the operator as shown on a page.")
MARK_HANDLED = Verb(SERVICE, "mark_handled", MessageIds, Changed, OPERATOR, "Mark mail to the operator as handled.")
DEAD_RETRY = Verb(SERVICE, "dead_retry", MessageId, Receipt, OPERATOR, "Put a dead message back in line.")
DEAD_DISMISS = Verb(SERVICE, "dead_dismiss", MessageId, Receipt, OPERATOR, "Drop a dead message; its row stays.")
READ_FILE = Verb(
    SERVICE, "read_file", FileRequest, FilePreview, OPERATOR, "The beginning of a file that a message names."
)
REMIND = Verb(SERVICE, "remind", RemindRequest, Reminder, EVERYONE, "Set a reminder: a message to oneself, later.")
REMINDERS = Verb(
    SERVICE, "reminders", RemindersRequest, ReminderList, EVERYONE | CORE,
    "Open reminders: one's own, or all for the manager and the operator.",
)  # fmt: skip
CANCEL_REMINDER = Verb(
    SERVICE, "cancel_reminder", ReminderId, Reminder, EVERYONE | CORE,
    "Cancel a reminder before it fires; the owner's own, or any for the manager and the operator.",
)  # fmt: skip
OPEN_INBOX = Verb(SERVICE, "open_inbox", InboxName, Empty, CORE, "Make an agent reachable.")
CLOSE_INBOX = Verb(SERVICE, "close_inbox", InboxName, Empty, CORE, "Make an agent unreachable; its mail is kept.")
SNAPSHOT = Verb(SERVICE, "snapshot", Empty, BrokerSnapshot, CORE, "The state to start a projection from.")

VERBS = (
    SEND, RECV, ACK_TURN, NACK, REQUEUE_INFLIGHT, RECENT, MESSAGE_STATUS, HISTORY, THREAD, MARK_SHOWN,
    MARK_HANDLED, DEAD_RETRY, DEAD_DISMISS, READ_FILE, REMIND, REMINDERS, CANCEL_REMINDER, OPEN_INBOX, CLOSE_INBOX,
    SNAPSHOT,
)  # fmt: skip

STORED = Event(SERVICE, "message", "stored", Received, "A message was stored.")
DELIVERED = Event(SERVICE, "message", "delivered", Moved, "Messages were handed out (or shown to the operator).")
ACKED = Event(SERVICE, "message", "acked", Moved, "Messages were acked (or handled by the operator).")
REQUEUED = Event(SERVICE, "message", "requeued", Moved, "Messages went back in line.")
DIED = Event(SERVICE, "message", "died", Moved, "Messages failed too often and left the line.")
DISMISSED = Event(SERVICE, "message", "dismissed", Moved, "Dead messages were dropped by the operator.")
REMINDER_SET = Event(SERVICE, "reminder", "set", ReminderChanged, "A reminder was set.")
REMINDER_FIRED = Event(SERVICE, "reminder", "fired", ReminderChanged, "A reminder became a message.")
REMINDER_FAILED = Event(SERVICE, "reminder", "failed", ReminderChanged, "A reminder could not be delivered yet.")
REMINDER_CANCELLED = Event(SERVICE, "reminder", "cancelled", ReminderChanged, "A reminder was cancelled.")
EVENTS = (
    STORED, DELIVERED, ACKED, REQUEUED, DIED, DISMISSED,
    REMINDER_SET, REMINDER_FIRED, REMINDER_FAILED, REMINDER_CANCELLED,
)  # fmt: skip
