"""Rows as the wire has them, and the clock they carry."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hive_kit import times
from hive_kit.database import raw
from hive_wire.broker import PAGE_BYTES, FileRef, InboxCounts, Message, MessageList, Receipt
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row

_REFS = TypeAdapter(list[FileRef])

RECEIPT = (
    "id, sender, recipient, state, stored_at, delivered_at, acked_at, turn,"
    " attempts, redelivered, failures, dead_reason"
)
MESSAGE = f"{RECEIPT}, body, kind, in_reply_to, file_refs"
COUNTS = "name, pending, in_flight, dead"

_NAMES: list[str] = [*MESSAGE.split(", ")]
OPEN = "state IN ('pending', 'in_flight', 'dead')"
"""What the index of open messages covers. SQLite uses it only for a query that says just this, beside the state."""

Values = Sequence[Any]  # Any: a row's columns, from SQLAlchemy or from sqlite3
AnyRow = Row[Any]  # Any: SQLAlchemy's rows of textual statements have no types


def moment(value: int | None) -> datetime | None:
    """Microseconds since 1970 as a time, where there is one."""
    return None if value is None else times.moment(value)


def _fields(row: Values) -> dict[str, Any]:  # Any: a row's values
    fields = dict(zip(_NAMES, row, strict=False))
    for name in ("stored_at", "delivered_at", "acked_at"):
        fields[name] = moment(fields[name])
    return fields


def receipt(row: Values) -> Receipt:
    """A row selected with RECEIPT."""
    return Receipt.model_validate(_fields(row))


def message(row: Values) -> Message:
    """A row selected with MESSAGE."""
    fields = _fields(row)
    fields["file_refs"] = refs_of(fields["file_refs"])
    return Message.model_validate(fields)


def refs_of(stored: str | None) -> list[FileRef]:
    """A message's files from their column."""
    return _REFS.validate_json(stored) if stored else []


def counts_of(row: Values) -> InboxCounts:
    """A row selected with COUNTS."""
    name, pending, in_flight, dead = row
    return InboxCounts(name=name, pending=pending, in_flight=in_flight, dead=dead)


def inbox_counts(connection: Connection, name: str) -> InboxCounts:
    """What lies in an inbox, which must exist."""
    return counts_of(raw(connection).execute(f"SELECT {COUNTS} FROM inboxes WHERE name = ?", (name,)).fetchone())


def page(newest_first: Iterable[Values], limit: int) -> MessageList:
    """At most `limit` messages and 4 MiB encoded, oldest first, from rows that come newest first."""
    chosen: list[Message] = []
    size = 0
    for row in newest_first:
        candidate = message(row)
        size += len(candidate.model_dump_json().encode())
        if len(chosen) == limit or (chosen and size > PAGE_BYTES):
            return MessageList(messages=chosen[::-1], more=True)
        chosen.append(candidate)
    return MessageList(messages=chosen[::-1], more=False)
