"""Storing messages and looking them up. Who may see one: its sender, its recipient, the operator."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hive_kit.database import raw
from hive_kit.outbox import emit
from hive_kit.times import microseconds
from hive_wire.broker import (
    STORED,
    HistoryRequest,
    InboxCounts,
    Message,
    MessageKind,
    MessageList,
    MessageState,
    Received,
    RecentRequest,
    SendReply,
    SendRequest,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, OPERATOR, SYSTEM
from sqlalchemy import Connection

from hive_broker.rows import COUNTS, MESSAGE, OPEN, counts_of, message, page, refs_of


@dataclass(frozen=True)
class SendLimits:
    """What a message may be."""

    max_body_bytes: int
    max_pending: int


def send(
    connection: Connection,
    sender: str,
    request: SendRequest,
    now: datetime,
    limits: SendLimits,
    file_refs: str | None = None,
) -> SendReply:
    """Store one message, or find the one that the same key stored before.

    Refuses: `body_too_large`, `unknown_recipient`, `key_reused`, `slow_down`, `not_found` (what it answers).
    """
    size = len(request.body.encode())
    if size > limits.max_body_bytes:
        raise Refusal(
            ErrorCode.BODY_TOO_LARGE,
            f"the body has {size} bytes and the limit is {limits.max_body_bytes}; "
            "put larger content into a file and send its path",
            limit=limits.max_body_bytes,
            size=size,
        )
    max_pending = None if sender == OPERATOR else limits.max_pending
    return insert(connection, sender, request, MessageKind.MESSAGE, now, max_pending, file_refs)


def send_outside_the_list(
    connection: Connection, sender: str, request: SendRequest, allowed: Collection[str]
) -> SendReply:
    """What a send to somebody whom the sender may not write to gets: `not_allowed`.

    Unless its key stored the message while that was still allowed: a repeat is answered as the first one was.
    """
    known = raw(connection).execute(
        "SELECT 1 FROM messages WHERE sender = ? AND key = ?", (sender, request.key)
    ).fetchone()  # fmt: skip
    if known is not None:
        return _repeated(connection, sender, request)
    whom = ", ".join(sorted(allowed)) or "nobody"
    raise Refusal(
        ErrorCode.NOT_ALLOWED,
        f"your configuration doesn't let you write to {request.to!r}; you may write to: {whom}",
        allowed=sorted(allowed),
        to=request.to,
    )


def insert(
    connection: Connection,
    sender: str,
    request: SendRequest,
    kind: MessageKind,
    now: datetime,
    max_pending: int | None = None,
    file_refs: str | None = None,
    *,
    even_closed: bool = False,
) -> SendReply:
    """Store a message of any kind; the same key again finds the first one.

    `file_refs`: the files that the body names, as file_refs.py makes them. `even_closed`: also into an inbox that is
    not open, which must have its row. Refuses `slow_down` where it would be one more than `max_pending`.
    """
    thread = _thread_of(connection, sender, request.in_reply_to)
    sqlite = raw(connection)
    row = sqlite.execute(
        "INSERT INTO messages (sender, key, recipient, body, kind, in_reply_to, thread, state, stored_at, file_refs)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT (sender, key) DO NOTHING RETURNING id",
        (
            sender, request.key, request.to, request.body, kind, request.in_reply_to, thread, microseconds(now),
            file_refs,
        ),
    ).fetchone()  # fmt: skip
    if row is None:
        return _repeated(connection, sender, request)
    updated = sqlite.execute(
        f"UPDATE inboxes SET pending = pending + 1 WHERE name = ? AND (open OR ?) RETURNING {COUNTS}",
        (request.to, even_closed),
    ).fetchone()
    if updated is None:
        raise _unknown_recipient(connection, request.to)
    counts = counts_of(updated)
    if max_pending is not None and counts.pending > max_pending:
        raise _backlog(counts)
    stored = Message(
        id=row[0],
        sender=sender,
        recipient=request.to,
        state=MessageState.PENDING,
        stored_at=now,
        body=request.body,
        kind=kind,
        in_reply_to=request.in_reply_to,
        file_refs=refs_of(file_refs),
    )
    emit(connection, STORED, Received(message=stored, counts=counts))
    return SendReply(id=stored.id, state=MessageState.PENDING, stored_at=now)


def tell(connection: Connection, recipient: str, text: str, now: datetime, in_reply_to: int | None = None) -> None:
    """Store a system message; an inbox that is closed gets none, but the manager's keeps it until it opens.

    The caller's transaction makes sure that each thing is told once; the key only has to be unique.
    """
    is_open = connection.exec_driver_sql("SELECT open FROM inboxes WHERE name = ?", (recipient,)).scalar()
    if not is_open:
        if recipient != MANAGER:
            return
        connection.exec_driver_sql("INSERT INTO inboxes (name, open) VALUES (?, 0) ON CONFLICT DO NOTHING", (MANAGER,))
    about = hashlib.sha256(f"{recipient}\n{text}".encode()).hexdigest()[:16]
    number = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM messages").scalar_one()
    request = SendRequest(to=recipient, body=text, key=f"{number}-{about}", in_reply_to=in_reply_to)
    insert(connection, SYSTEM, request, MessageKind.SYSTEM, now, even_closed=True)


def status(connection: Connection, caller: str, message_id: int) -> Message:
    """A message with its receipt. Refuses `not_found`, also where the caller has no part in it."""
    row = connection.exec_driver_sql(f"SELECT {MESSAGE} FROM messages WHERE id = ?", (message_id,)).one_or_none()
    if row is None or caller not in (OPERATOR, row.sender, row.recipient):
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no message #{message_id} that you sent or got", id=message_id)
    return _as_seen_by(caller, message(row))


def files_of(connection: Connection, message_id: int) -> tuple[str, str, str | None]:
    """Sender, recipient and the files that its body names, as they are stored. Refuses `not_found`."""
    row = raw(connection).execute(
        "SELECT sender, recipient, file_refs FROM messages WHERE id = ?", (message_id,)
    ).fetchone()  # fmt: skip
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no message #{message_id}", id=message_id)
    return row[0], row[1], row[2]


def recent(connection: Connection, caller: str, request: RecentRequest) -> MessageList:
    """The last messages of the caller's inbox, or of any inbox for the operator."""
    inbox = request.inbox or caller
    if inbox != caller and caller != OPERATOR:
        raise Refusal(ErrorCode.FORBIDDEN, "only the operator may look into another's inbox")
    known = connection.exec_driver_sql("SELECT 1 FROM inboxes WHERE name = ?", (inbox,)).scalar()
    if known is None:
        raise _unknown_recipient(connection, inbox)
    condition = f"AND {OPEN}" if request.open else ""
    rows = connection.exec_driver_sql(
        f"SELECT {MESSAGE} FROM messages WHERE recipient = ? AND id < ? {condition} ORDER BY id DESC LIMIT ?",
        (inbox, request.before or 1 << 62, request.limit + 1),
    )
    found = page(rows, request.limit)
    return MessageList(messages=[_as_seen_by(caller, m) for m in found.messages], more=found.more)


def history(connection: Connection, request: HistoryRequest) -> MessageList:
    """The last messages of the whole swarm."""
    condition = "AND state = ?" if request.state else ""
    values = (request.state,) if request.state else ()
    rows = connection.exec_driver_sql(
        f"SELECT {MESSAGE} FROM messages WHERE id < ? {condition} ORDER BY id DESC LIMIT ?",
        (request.before or 1 << 62, *values, request.limit + 1),
    )
    return page(rows, request.limit)


def thread(connection: Connection, message_id: int) -> MessageList:
    """The thread that a message belongs to: its last 500 messages."""
    root = connection.exec_driver_sql("SELECT coalesce(thread, id) FROM messages WHERE id = ?", (message_id,)).scalar()
    if root is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no message #{message_id}", id=message_id)
    rows = connection.exec_driver_sql(
        f"SELECT {MESSAGE} FROM messages WHERE id = ? OR thread = ? ORDER BY id DESC LIMIT 501", (root, root)
    )
    return page(rows, 500)


def _as_seen_by(caller: str, seen: Message) -> Message:
    """An agent could learn by a message which files there are in the other's folders: only the operator sees them."""
    return seen if caller == OPERATOR or not seen.file_refs else seen.model_copy(update={"file_refs": []})


def _thread_of(connection: Connection, sender: str, in_reply_to: int | None) -> int | None:
    if in_reply_to is None:
        return None
    row = connection.exec_driver_sql(
        "SELECT coalesce(thread, id) AS root, sender, recipient FROM messages WHERE id = ?", (in_reply_to,)
    ).one_or_none()
    if row is None or sender not in (OPERATOR, SYSTEM, row.sender, row.recipient):
        raise Refusal(
            ErrorCode.NOT_FOUND, f"in_reply_to: there is no message #{in_reply_to} that you sent or got", id=in_reply_to
        )
    return int(row.root)


def _repeated(connection: Connection, sender: str, request: SendRequest) -> SendReply:
    first = connection.exec_driver_sql(
        f"SELECT {MESSAGE} FROM messages WHERE sender = ? AND key = ?", (sender, request.key)
    ).one()
    if (first.recipient, first.body, first.in_reply_to) != (request.to, request.body, request.in_reply_to):
        raise Refusal(ErrorCode.KEY_REUSED, f"this key stored message #{first.id} with another content", id=first.id)
    known = message(first)
    return SendReply(id=known.id, state=known.state, stored_at=known.stored_at, repeated=True)


def _backlog(counts: InboxCounts) -> Refusal:
    return Refusal(
        ErrorCode.SLOW_DOWN,
        f"{counts.name} has {counts.pending - 1} undelivered messages; try again when it has caught up",
        retry_after_seconds=60,
    )


def _unknown_recipient(connection: Connection, name: str) -> Refusal:
    rows = connection.exec_driver_sql("SELECT name FROM inboxes WHERE open ORDER BY name")
    known = [row.name for row in rows]
    return Refusal(
        ErrorCode.UNKNOWN_RECIPIENT, f"there is nobody called {name!r}; there are: {', '.join(known)}", known=known
    )
