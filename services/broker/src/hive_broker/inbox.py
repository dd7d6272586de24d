"""Delivery under leases: mail is handed out to a turn, and acked or put back with it.

Order is by id, so what is put back stands at the head of the line again. Each start of a harness begins a new
epoch; whatever carries an older one is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hive_kit.database import raw
from hive_kit.times import microseconds
from hive_wire.broker import (
    PAGE_BYTES,
    AckReply,
    AckRequest,
    Cause,
    Delivery,
    Message,
    MessageState,
    NackReply,
    NackRequest,
    RecvReply,
    RecvRequest,
    RequeueReply,
    RequeueRequest,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import OPERATOR, SYSTEM
from sqlalchemy import Connection

from hive_broker.messages import tell
from hive_broker.rows import MESSAGE, OPEN, RECEIPT, AnyRow, inbox_counts, message
from hive_broker.states import move


@dataclass(frozen=True)
class Retries:
    """When failed mail is handed out again, and when it is given up."""

    base_seconds: float
    max_seconds: float
    max_failures: int

    def delay(self, cause: Cause, attempts: int) -> float:
        """Seconds until the inbox is handed out again; a cancelled turn's mail goes out at once."""
        if cause is Cause.CANCELLED:
            return 0.0
        base = self.base_seconds / 5 if cause is Cause.KILLED else self.base_seconds
        return min(base * 2 ** min(max(attempts - 1, 0), 16), self.max_seconds)


@dataclass(frozen=True)
class Taken:
    """What `take` found: a batch, or for how long there is none for sure (seconds; None: until mail comes)."""

    reply: RecvReply
    not_before: float | None = None


@dataclass(frozen=True)
class PutBack:
    """What `nack` did, and whose inboxes got a notice of a death."""

    reply: NackReply
    told: tuple[str, ...]


def begin_epoch(connection: Connection, owner: str, request: RequeueRequest, now: datetime) -> RequeueReply:
    """A harness started: a new epoch, and everything in flight back in line. A repeat changes nothing more."""
    row = connection.exec_driver_sql("SELECT epoch, start_key FROM inboxes WHERE name = ?", (owner,)).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.UNKNOWN_AGENT, f"{owner} has no inbox")
    if row.start_key == request.start_key:
        return RequeueReply(epoch=row.epoch, requeued=0)
    connection.exec_driver_sql(
        "UPDATE inboxes SET epoch = epoch + 1, start_key = ?, not_before = 0 WHERE name = ?",
        (request.start_key, owner),
    )
    connection.exec_driver_sql("DELETE FROM receives WHERE recipient = ?", (owner,))
    rows = connection.exec_driver_sql(
        f"SELECT id FROM messages WHERE recipient = ? AND state = 'in_flight' AND {OPEN} ORDER BY id", (owner,)
    )
    ids = [r.id for r in rows]
    if ids:
        move(connection, owner, ids, MessageState.PENDING, ", redelivered = redelivered + 1", ())
    return RequeueReply(epoch=row.epoch + 1, requeued=len(ids))


def take(connection: Connection, owner: str, request: RecvRequest, now: datetime) -> Taken:
    """Hand out the oldest waiting messages to a turn; the same key again returns the same batch.

    Mail whose turn failed before goes out alone, so that a failure is blamed on the message that causes it.
    """
    inbox = _check_epoch(connection, owner, request.epoch)
    sqlite = raw(connection)
    known = sqlite.execute("SELECT ids FROM receives WHERE recipient = ? AND key = ?", (owner, request.key)).fetchone()
    if known is not None:
        return Taken(_batch_again(connection, owner, json.loads(known[0]), request.epoch))
    if not inbox.pending:
        return Taken(RecvReply(messages=[], waiting=0))
    at = microseconds(now)
    if inbox.not_before > at:
        return Taken(RecvReply(messages=[], waiting=inbox.pending), (inbox.not_before - at) / 1e6)
    rows = sqlite.execute(
        f"SELECT {MESSAGE} FROM messages WHERE recipient = ? AND state = 'pending' AND {OPEN} ORDER BY id LIMIT ?",
        (owner, request.max),
    ).fetchall()
    chosen = _choose([message(row) for row in rows])
    ids = [m.id for m in chosen]
    counts = move(
        connection, owner, ids, MessageState.IN_FLIGHT,
        ", attempts = attempts + 1, delivered_at = ?, turn = ?, epoch = ?", (at, request.turn, request.epoch),
    )  # fmt: skip
    sqlite.execute(
        "INSERT INTO receives (recipient, key, epoch, ids) VALUES (?, ?, ?, ?)",
        (owner, request.key, request.epoch, json.dumps(ids)),
    )
    delivered = [_delivery(m, m.attempts + 1) for m in chosen]
    return Taken(RecvReply(messages=delivered, waiting=counts.pending))


def ack(connection: Connection, owner: str, request: AckRequest, now: datetime) -> AckReply:
    """A turn ended well: ack exactly its messages. Repeats say 0. Refuses `not_in_turn`, `stale_epoch`."""
    _check_epoch(connection, owner, request.epoch)
    open_ids = _in_turn(connection, owner, request.epoch, request.turn, request.ids, (MessageState.ACKED,))
    if open_ids:
        move(connection, owner, open_ids, MessageState.ACKED, ", acked_at = ?", (microseconds(now),))
    return AckReply(acked=len(open_ids))


def nack(connection: Connection, owner: str, request: NackRequest, now: datetime, retries: Retries) -> PutBack:
    """A turn ended badly: its messages go back to the head of the line, or die of too many failures.

    Only failures with cause `handling` count.
    """
    _check_epoch(connection, owner, request.epoch)
    settled = (MessageState.PENDING, MessageState.DEAD)
    open_ids = _in_turn(connection, owner, request.epoch, request.turn, request.ids, settled)
    counted = 1 if request.cause is Cause.HANDLING else 0
    rows = [_receipt_row(connection, message_id) for message_id in open_ids]
    dead = [r.id for r in rows if r.failures + counted >= retries.max_failures and counted]
    back = [r.id for r in rows if r.id not in dead]
    if back:
        move(
            connection, owner, back, MessageState.PENDING,
            ", redelivered = redelivered + 1, failures = failures + ?", (counted,),
        )  # fmt: skip
    if dead:
        move(
            connection, owner, dead, MessageState.DEAD,
            ", failures = failures + ?, dead_reason = ?", (counted, request.reason),
        )  # fmt: skip
    delay = retries.delay(request.cause, max((r.attempts for r in rows if r.id in back), default=0)) if back else 0.0
    connection.exec_driver_sql(
        "UPDATE inboxes SET not_before = ? WHERE name = ?", (microseconds(now) + int(delay * 1e6), owner)
    )
    told = [name for i in dead for name in _tell_of_death(connection, _receipt_row(connection, i), now)]
    return PutBack(NackReply(requeued=back, dead=dead, retry_after_seconds=delay), tuple(told))


def _choose(waiting: Sequence[Message]) -> list[Message]:
    chosen: list[Message] = []
    size = 0
    for candidate in waiting:
        size += len(candidate.model_dump_json().encode())
        if chosen and (size > PAGE_BYTES or candidate.failures):
            break
        chosen.append(candidate)
        if candidate.failures:
            break
    return chosen


def _delivery(m: Message, attempts: int) -> Delivery:
    return Delivery(
        id=m.id,
        sender=m.sender,
        body=m.body,
        kind=m.kind,
        in_reply_to=m.in_reply_to,
        stored_at=m.stored_at,
        redelivered=m.redelivered > 0,
        attempts=attempts,
    )


def _batch_again(connection: Connection, owner: str, ids: list[int], epoch: int) -> RecvReply:
    marks = ",".join("?" * len(ids))
    rows = connection.exec_driver_sql(
        f"SELECT {MESSAGE} FROM messages WHERE id IN ({marks}) AND state = 'in_flight' AND epoch = ? ORDER BY id",
        (*ids, epoch),
    )
    batch = [_delivery(m, m.attempts) for m in map(message, rows)]
    return RecvReply(messages=batch, waiting=inbox_counts(connection, owner).pending)


@dataclass(frozen=True)
class _Waiting:
    pending: int
    not_before: int


def _check_epoch(connection: Connection, owner: str, epoch: int) -> _Waiting:
    row = raw(connection).execute("SELECT epoch, pending, not_before FROM inboxes WHERE name = ?", (owner,)).fetchone()
    current = row[0] if row else None
    if row is None or current != epoch:
        raise Refusal(ErrorCode.STALE_EPOCH, f"epoch {epoch} is over; the inbox is at {current}", epoch=current)
    return _Waiting(pending=row[1], not_before=row[2])


def _in_turn(
    connection: Connection,
    owner: str,
    epoch: int,
    turn: str,
    ids: Sequence[int],
    settled: tuple[MessageState, ...],
) -> list[int]:
    """Those of `ids` still in flight in that turn; `settled` ones were handled by an earlier, equal call."""
    sqlite = raw(connection)
    still_open: list[int] = []
    for message_id in sorted(set(ids)):
        row = sqlite.execute(
            "SELECT state, recipient, epoch, turn FROM messages WHERE id = ?", (message_id,)
        ).fetchone()
        if row is None or row[1:] != (owner, epoch, turn):
            raise Refusal(
                ErrorCode.NOT_IN_TURN, f"message #{message_id} was not handed to you in turn {turn}", id=message_id
            )
        if row[0] == MessageState.IN_FLIGHT:
            still_open.append(message_id)
        elif row[0] not in settled:
            raise Refusal(ErrorCode.NOT_IN_TURN, f"message #{message_id} is {row[0]}", id=message_id)
    return still_open


def _receipt_row(connection: Connection, message_id: int) -> AnyRow:
    return connection.exec_driver_sql(f"SELECT {RECEIPT} FROM messages WHERE id = ?", (message_id,)).one()


def _tell_of_death(connection: Connection, dead: AnyRow, now: datetime) -> list[str]:
    what = f"Message #{dead.id} from {dead.sender} to {dead.recipient} was given up after {dead.failures} failed turns."
    text = f"{what} Last failure: {dead.dead_reason}"
    concerned = [name for name in dict.fromkeys((dead.sender, OPERATOR)) if name != SYSTEM]
    for name in concerned:
        tell(connection, name, text, now, in_reply_to=dead.id)
    return concerned
