"""Rows as the wire has them, and the clock they carry.

A row that can't be decoded is shown with its id and logged once, and never stands in the way of the others.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from hive_wire.approvals import BrokenRow
from sqlalchemy import Row

log = structlog.get_logger()

T = TypeVar("T")
AnyRow = Row[Any]  # Any: SQLAlchemy's rows of textual statements have no types

UNREADABLE = (ValueError, TypeError, OverflowError, KeyError)
"""What decoding a row raises: JSON that is none, a value that the wire doesn't have, a time out of range."""

_logged: set[tuple[str, int]] = set()


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def decode_all(rows: Iterable[AnyRow], table: str, decode: Callable[[AnyRow], T]) -> tuple[list[T], list[BrokenRow]]:
    """What could be decoded, and what could not; rows have an `id`."""
    decoded: list[T] = []
    broken: list[BrokenRow] = []
    for row in rows:
        try:
            decoded.append(decode(row))
        except UNREADABLE as error:
            broken.append(broken_row(table, row.id, error))
    return decoded, broken


def broken_row(table: str, number: int, error: Exception) -> BrokenRow:
    """A row as it is listed instead of what it held; logged at its first sight."""
    text = f"{type(error).__name__}: {error}"[:500]
    if (table, number) not in _logged:
        _logged.add((table, number))
        log.error("row_broken", table=table, id=number, error=text)
    return BrokenRow(table=table, id=number, error=text)
