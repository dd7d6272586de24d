"""What a due reminder becomes: a message of the system to its owner, in the transaction that ends it, so that it fires
once. One that can't be delivered is failed, with its reason, and tried again; it is never dropped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hive_kit.database import raw
from hive_kit.times import microseconds
from hive_wire.broker import REMINDER_FAILED, REMINDER_FIRED, MessageKind, Reminder, SendRequest
from hive_wire.names import SYSTEM
from sqlalchemy import Connection

from hive_broker.messages import insert
from hive_broker.reminder_rows import COLUMNS, OPEN, open_count, reminder_of, tell
from hive_broker.reminders import Limits

FIRE_BATCH = 256


@dataclass(frozen=True)
class Ready:
    """What was made ready for a due reminder outside the database: the message's body, or why there is none."""

    body: str = ""
    file_refs: str | None = None
    error: str | None = None


def next_attempt(connection: Connection) -> int | None:
    """When a reminder has to be looked at next, in microseconds since 1970."""
    row = raw(connection).execute(f"SELECT min(next_attempt) FROM reminders WHERE {OPEN}").fetchone()
    return None if row[0] is None else int(row[0])


def due(connection: Connection, now: datetime) -> list[Reminder]:
    """The next batch that has to be fired, the longest overdue first."""
    rows = raw(connection).execute(
        f"SELECT {COLUMNS} FROM reminders WHERE {OPEN} AND next_attempt <= ? ORDER BY next_attempt, id LIMIT ?",
        (microseconds(now), FIRE_BATCH),
    )
    return [reminder_of(row) for row in rows]


def fire(connection: Connection, ready: Mapping[int, Ready], now: datetime, limits: Limits) -> set[str]:
    """End those still open as fired, each with its message, or note why not; returns whose inboxes got mail."""
    marks = ",".join("?" * len(ready))
    rows = raw(connection).execute(
        f"SELECT {COLUMNS} FROM reminders WHERE id IN ({marks}) AND {OPEN} ORDER BY next_attempt, id", tuple(ready)
    ).fetchall()  # fmt: skip
    found = [reminder_of(row) for row in rows]
    reachable = _reachable(connection, {reminder.owner for reminder in found})
    left = {owner: open_count(connection, owner) for owner in {reminder.owner for reminder in found}}
    told: set[str] = set()
    for reminder in found:
        owner, made = reminder.owner, ready[reminder.id]
        error = made.error if owner in reachable else f"{owner} has no inbox any more"
        if error is not None:
            _fail(connection, reminder, error, now, limits, left[owner])
            continue
        left[owner] -= 1
        _deliver(connection, reminder, made, now, left[owner])
        told.add(owner)
    return told


def retry_now(connection: Connection, owner: str, now: datetime) -> None:
    """Its owner can be written to again: what failed is tried at once."""
    raw(connection).execute(
        f"UPDATE reminders SET next_attempt = ? WHERE owner = ? AND {OPEN} AND state = 'failed'",
        (microseconds(now), owner),
    )


def text_of(reminder: Reminder, in_file: str | None) -> str:
    """The body of the message that a reminder becomes. `in_file`: where its text was written instead."""
    head = f"Your reminder #{reminder.id}, set at {reminder.created_at:%Y-%m-%d %H:%M:%S} UTC"
    if in_file is None:
        return f"{head}:\n\n{reminder.message}"
    return f"{head}. Its text ({len(reminder.message.encode()):,} bytes) is in {in_file}"


def _deliver(connection: Connection, reminder: Reminder, made: Ready, now: datetime, left: int) -> None:
    # no body is too large here: it was checked when the reminder was set
    request = SendRequest.model_construct(to=reminder.owner, body=made.body, key=f"reminder-{reminder.id}")
    stored = insert(connection, SYSTEM, request, MessageKind.MESSAGE, now, file_refs=made.file_refs)
    row = raw(connection).execute(
        "UPDATE reminders SET state = 'fired', ended_at = ?, message_id = ?, error = NULL WHERE id = ?"
        f" RETURNING {COLUMNS}",
        (microseconds(now), stored.id, reminder.id),
    ).fetchone()  # fmt: skip
    tell(connection, REMINDER_FIRED, row, left)


def _fail(connection: Connection, reminder: Reminder, error: str, now: datetime, limits: Limits, left: int) -> None:
    again = now + limits.delay(reminder.attempts + 1)
    row = raw(connection).execute(
        "UPDATE reminders SET state = 'failed', error = ?, attempts = attempts + 1, next_attempt = ? WHERE id = ?"
        f" RETURNING {COLUMNS}",
        (error, microseconds(again), reminder.id),
    ).fetchone()  # fmt: skip
    tell(connection, REMINDER_FAILED, row, left)


def _reachable(connection: Connection, owners: Iterable[str]) -> set[str]:
    names = tuple(owners)
    marks = ",".join("?" * len(names))
    rows = raw(connection).execute(f"SELECT name FROM inboxes WHERE open AND name IN ({marks})", names)
    return {row[0] for row in rows}
