"""Forgetting what is long done: acked and dismissed messages only, a thousand a transaction."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from hive_broker.rows import microseconds

SWEEP_LIMIT = 1000


def sweep(connection: Connection, now: datetime, keep: timedelta) -> int:
    """Remove up to SWEEP_LIMIT messages acked or dismissed longer than `keep` ago; returns how many."""
    result = connection.exec_driver_sql(
        "DELETE FROM messages WHERE id IN (SELECT id FROM messages"
        " WHERE state IN ('acked', 'dismissed') AND acked_at < ? LIMIT ?)",
        (microseconds(now - keep), SWEEP_LIMIT),
    )
    return result.rowcount
