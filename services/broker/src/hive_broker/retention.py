"""Forgetting what is long done, a thousand a transaction: messages acked or dismissed, reminders fired or cancelled."""

from datetime import datetime, timedelta

from hive_kit.times import microseconds
from sqlalchemy import Connection

SWEEP_LIMIT = 1000

_STATEMENTS = (
    "DELETE FROM messages WHERE id IN (SELECT id FROM messages"
    " WHERE state IN ('acked', 'dismissed') AND acked_at < ? LIMIT ?)",
    "DELETE FROM reminders WHERE id IN (SELECT id FROM reminders"
    " WHERE state IN ('fired', 'cancelled') AND ended_at < ? LIMIT ?)",
)


def sweep(connection: Connection, now: datetime, keep: timedelta) -> int:
    """Remove up to SWEEP_LIMIT messages and as many reminders that ended longer than `keep` ago.

    Returns how many it was of the kind that had more: SWEEP_LIMIT says that there may be others.
    """
    before = microseconds(now - keep)
    removed = [connection.exec_driver_sql(statement, (before, SWEEP_LIMIT)).rowcount for statement in _STATEMENTS]
    return max(removed)
