"""Reminders' rows as the wire has them, how many of an owner's are open, and the event that tells of a change."""

from collections.abc import Iterable

from hive_kit.database import raw
from hive_kit.outbox import emit
from hive_wire.broker import Reminder, ReminderChanged, ReminderState
from hive_wire.verb import Event
from sqlalchemy import Connection

from hive_broker.rows import Values, moment

COLUMNS = "id, owner, message, due, created_at, file_path, state, error, attempts, next_attempt, ended_at, message_id"
_NAMES = COLUMNS.split(", ")
OPEN = "state IN ('pending', 'failed')"
"""What the indexes of open reminders cover: SQLite uses them only for a query that says just this."""


def tell(connection: Connection, event: Event[ReminderChanged], row: Values, still_open: int) -> Reminder:
    """Emit a change of the row, which was selected with COLUMNS."""
    reminder = reminder_of(row)
    emit(connection, event, ReminderChanged(reminder=reminder, open=still_open))
    return reminder


def open_count(connection: Connection, owner: str) -> int:
    """How many of an owner's reminders are open."""
    row = raw(connection).execute(f"SELECT count(*) FROM reminders WHERE owner = ? AND {OPEN}", (owner,)).fetchone()
    return int(row[0])


def page(rows: Iterable[Values], limit: int, most_bytes: int) -> tuple[list[Reminder], bool]:
    """At most `limit` reminders and so many bytes encoded, and whether there are more."""
    chosen: list[Reminder] = []
    size = 0
    for row in rows:
        reminder = reminder_of(row)
        size += len(reminder.model_dump_json().encode())
        if len(chosen) == limit or (chosen and size > most_bytes):
            return chosen, True
        chosen.append(reminder)
    return chosen, False


def reminder_of(row: Values) -> Reminder:
    """A row selected with COLUMNS."""
    fields = dict(zip(_NAMES, row, strict=True))
    for name in ("due", "created_at", "next_attempt", "ended_at"):
        fields[name] = moment(fields[name])
    if fields["state"] != ReminderState.FAILED:
        fields["next_attempt"] = None
    return Reminder.model_validate(fields)
