"""The record of spawns that the operator made without an approval: one row for each seeding of a new agent."""

from datetime import datetime

from hive_kit.outbox import emit
from hive_kit.times import microseconds
from hive_wire import approvals as wire
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.names import OPERATOR
from sqlalchemy import Connection

from hive_approvals import approvals


def record(
    connection: Connection, agent: str, commit: str, config: AgentConfig, requested_by: str, now: datetime
) -> int:
    """Record the spawn as deployed, once for each agent and start commit; returns the row's id.

    A spawn that an approval is behind has its row already, and so has a commit that was deployed later: of an agent
    that exists this only finds out what is deployed.
    """
    known = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND (kind = ? AND status IN (?, ?) OR status = ? AND commit_id = ?)"
        " ORDER BY id DESC",
        (agent, ApprovalKind.SPAWN, *approvals.IN_FLIGHT, ApprovalStatus.DEPLOYED, commit),
    ).scalar()
    if known is not None:
        return int(known)
    at = microseconds(now)
    row = connection.exec_driver_sql(
        "INSERT INTO approvals (agent, kind, status, commit_id, requested_by, created_at, config, taken, decided_by,"
        f" decided_at, resolved_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, 0) RETURNING {approvals.COLUMNS}",
        (
            agent,
            ApprovalKind.SPAWN,
            ApprovalStatus.DEPLOYED,
            commit,
            requested_by,
            at,
            config.model_dump_json(),
            requested_by if requested_by == OPERATOR else None,
            at if requested_by == OPERATOR else None,
            at,
        ),
    ).one()
    approval = approvals.stored(row).approval
    emit(connection, wire.RESOLVED, wire.ApprovalChanged(approval=approval))
    return approval.id
