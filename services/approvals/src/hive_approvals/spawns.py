"""The record of spawns that the operator made without an approval: one row for each seeding of a new agent."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record(connection: Connection, agent: str, commit: str, requested_by: str, now: datetime) -> int:
    """Record the spawn as deployed, once for each agent and start commit; returns the row's id."""
    known = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND kind = 'spawn' AND commit_id = ?", (agent, commit)
    ).scalar()
    if known is not None:
        return int(known)
    at = (now - _EPOCH) // timedelta(microseconds=1)
    row = connection.exec_driver_sql(
        "INSERT INTO approvals (agent, kind, status, commit_id, requested_by, created_at, resolved_at)"
        " VALUES (?, 'spawn', 'deployed', ?, ?, ?, ?) RETURNING id",
        (agent, commit, requested_by, at, at),
    )
    return int(row.scalar_one())
