"""Reminders: messages to oneself, later. Decides who may set, see and cancel them.

What a due one becomes is due_reminders.py's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hive_kit.database import raw
from hive_kit.times import microseconds
from hive_wire.broker import (
    PAGE_BYTES,
    REMINDER_CANCELLED,
    REMINDER_SET,
    Reminder,
    ReminderCount,
    ReminderId,
    ReminderList,
    RemindersRequest,
    ReminderState,
    RemindRequest,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import iso
from hive_wire.names import Role, role_of
from sqlalchemy import Connection

from hive_broker.reminder_rows import COLUMNS, OPEN, open_count, page, reminder_of, tell

SNAPSHOT_LIMIT = 1000
HEADER_BYTES = 128
"""Room for the line that a reminder's message begins with."""

_SEES_ALL = (Role.OPERATOR, Role.MANAGER, Role.CORE)


@dataclass(frozen=True)
class Limits:
    """How large a reminder may be, how many may be open for one owner, and when a failed one is tried again."""

    max_body_bytes: int
    max_open: int
    retry_base_seconds: float
    retry_max_seconds: float

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after so many failures."""
        return timedelta(seconds=min(self.retry_base_seconds * 2 ** min(attempts - 1, 32), self.retry_max_seconds))


def remind(connection: Connection, owner: str, request: RemindRequest, now: datetime, limits: Limits) -> Reminder:
    """Store a reminder, or find the one that the same key stored before.

    Refuses `bad_time`, `body_too_large`, `key_reused`, `slow_down`.
    """
    known = raw(connection).execute(
        f"SELECT {COLUMNS} FROM reminders WHERE owner = ? AND key = ?", (owner, request.key)
    ).fetchone()  # fmt: skip
    if known is not None:
        return _repeated(reminder_of(known), request)
    due = _due(request, now)
    _check_size(request, limits)
    still_open = open_count(connection, owner)
    if still_open >= limits.max_open:
        raise Refusal(
            ErrorCode.SLOW_DOWN,
            f"you have {still_open} open reminders and may have {limits.max_open}; cancel some, or wait",
            retry_after_seconds=60,
            limit=limits.max_open,
        )
    row = raw(connection).execute(
        "INSERT INTO reminders (owner, key, message, due, created_at, file_path, state, next_attempt)"
        f" VALUES (?, ?, ?, ?, ?, ?, 'pending', ?) RETURNING {COLUMNS}",
        (owner, request.key, request.message, due, microseconds(now), request.file_path, due),
    ).fetchone()  # fmt: skip
    return tell(connection, REMINDER_SET, row, still_open + 1)


def listed(connection: Connection, caller: str, request: RemindersRequest) -> ReminderList:
    """Open reminders by id. Refuses `forbidden` for another's."""
    owner = request.owner
    if role_of(caller) not in _SEES_ALL:
        if owner not in (None, caller):
            raise Refusal(ErrorCode.FORBIDDEN, "you may only see your own reminders")
        owner = caller
    condition, values = ("AND owner = ?", (owner,)) if owner else ("", ())
    rows = raw(connection).execute(
        f"SELECT {COLUMNS} FROM reminders WHERE id > ? AND {OPEN} {condition} ORDER BY id LIMIT ?",
        (request.after, *values, request.limit + 1),
    )
    found, more = page(rows, request.limit, PAGE_BYTES)
    return ReminderList(reminders=found, counts=counts(connection, owner), more=more)


def counts(connection: Connection, owner: str | None = None) -> list[ReminderCount]:
    """How many are open, by owner."""
    condition, values = ("AND owner = ?", (owner,)) if owner else ("", ())
    rows = raw(connection).execute(
        f"SELECT owner, count(*) FROM reminders WHERE {OPEN} {condition} GROUP BY owner ORDER BY owner", values
    )
    return [ReminderCount(owner=name, open=number) for name, number in rows]


def soonest_open(connection: Connection) -> list[Reminder]:
    """The open reminders that are tried next, for a snapshot."""
    rows = raw(connection).execute(
        f"SELECT {COLUMNS} FROM reminders WHERE {OPEN} ORDER BY next_attempt, id LIMIT ?", (SNAPSHOT_LIMIT,)
    )
    return page(rows, SNAPSHOT_LIMIT, PAGE_BYTES // 2)[0]


def cancel(connection: Connection, caller: str, request: ReminderId, now: datetime) -> Reminder:
    """End a reminder before it fires. Refuses `forbidden`, `not_found`, `not_pending`."""
    asker = _asker(caller, request.on_behalf_of)
    row = raw(connection).execute(f"SELECT {COLUMNS} FROM reminders WHERE id = ?", (request.id,)).fetchone()
    if row is None or (role_of(asker) not in _SEES_ALL and reminder_of(row).owner != asker):
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no reminder #{request.id} of yours", id=request.id)
    found = reminder_of(row)
    if found.state not in (ReminderState.PENDING, ReminderState.FAILED):
        raise Refusal(
            ErrorCode.NOT_PENDING, f"reminder #{found.id} is {found.state} already", id=found.id, state=found.state
        )
    row = raw(connection).execute(
        f"UPDATE reminders SET state = 'cancelled', ended_at = ? WHERE id = ? RETURNING {COLUMNS}",
        (microseconds(now), found.id),
    ).fetchone()  # fmt: skip
    return tell(connection, REMINDER_CANCELLED, row, open_count(connection, found.owner))


def _asker(caller: str, on_behalf_of: str | None) -> str:
    if role_of(caller) is Role.CORE:
        if on_behalf_of is None:
            raise Refusal(ErrorCode.FORBIDDEN, "a service must say for whom it asks: on_behalf_of")
        return on_behalf_of
    if on_behalf_of not in (None, caller):
        raise Refusal(ErrorCode.FORBIDDEN, "only our own services may ask on behalf of another")
    return caller


def _due(request: RemindRequest, now: datetime) -> int:
    if (request.in_seconds is None) == (request.at is None):
        raise Refusal(ErrorCode.BAD_TIME, "give either in_seconds or at, and not both")
    if request.at is None:
        return microseconds(now + timedelta(seconds=request.in_seconds or 0.0))
    if request.at < now:
        raise Refusal(ErrorCode.BAD_TIME, f"{iso(request.at)} is over; it is {iso(now)} now", now=iso(now))
    return microseconds(request.at)


def _check_size(request: RemindRequest, limits: Limits) -> None:
    size, most = len(request.message.encode()), limits.max_body_bytes - HEADER_BYTES
    if request.file_path is None and size > most:
        raise Refusal(
            ErrorCode.BODY_TOO_LARGE,
            f"the message has {size} bytes and the limit is {most}; give a file_path to have it written there",
            limit=most,
            size=size,
        )


def _repeated(known: Reminder, request: RemindRequest) -> Reminder:
    same_time = request.at is None or request.at == known.due
    if (known.message, known.file_path) != (request.message, request.file_path) or not same_time:
        raise Refusal(ErrorCode.KEY_REUSED, f"this key set reminder #{known.id} with another content", id=known.id)
    return known
