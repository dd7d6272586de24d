"""Approved configurations that lifecycle was told to deploy: each is kept for good, so that none is done twice.

Decides when one counts as queued, running or done, and tells approvals of it. When one may begin is `deploy_queue`'s
matter, how it is carried out `steps`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hive_kit.outbox import emit
from hive_wire.approvals import Approval, ApprovalKind
from hive_wire.lifecycle import DEPLOY_FINISHED, DEPLOY_STARTED, DeployProgress
from sqlalchemy import Connection

from hive_lifecycle.agents import AnyRow

_REVISION_LENGTH = 12


@dataclass(frozen=True)
class Deploy:
    """An approved commit of an agent's configuration. `config` is its `agent.toml` as JSON."""

    approval: int
    agent: str
    kind: ApprovalKind
    commit: str
    config: str
    requested_by: str
    revives: bool = False


def queue(connection: Connection, approval: Approval, config: str, now: int) -> Deploy | None:
    """Keep what is to be deployed; None when it is known already. `config` is JSON."""
    row = connection.exec_driver_sql(
        "INSERT INTO deploys (approval, agent, kind, commit_id, config, requested_by, state, queued_at, revives)"
        " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT DO NOTHING RETURNING *",
        (
            approval.id,
            approval.agent,
            approval.kind,
            approval.commit,
            config,
            approval.decided_by or approval.requested_by,
            now,
            approval.revives,
        ),
    ).one_or_none()
    return None if row is None else _deploy(row)


def get(connection: Connection, approval: int) -> Deploy:
    """One of them; it must be there."""
    return _deploy(connection.exec_driver_sql("SELECT * FROM deploys WHERE approval = ?", (approval,)).one())


def queued(connection: Connection, agent: str) -> list[Deploy]:
    """What waits for its turn on that agent, oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT * FROM deploys WHERE agent = ? AND state = 'queued' ORDER BY approval", (agent,)
    )
    return [_deploy(row) for row in rows]


def columns(deploy: Deploy) -> dict[str, str]:
    """Columns of the agent that has it: what is deployed, and what the lock has by then."""
    revision = short(deploy.commit)
    return {"commit_id": deploy.commit, "revision": revision, "locked": revision, "config": deploy.config}


def short(commit: str) -> str:
    """A commit as views show it."""
    return commit[:_REVISION_LENGTH]


def waited_for(connection: Connection) -> list[str]:
    """Names of agents, also of some to be, for which something waits."""
    return list(connection.exec_driver_sql("SELECT DISTINCT agent FROM deploys WHERE state = 'queued'").scalars())


def begin(connection: Connection, deploy: Deploy) -> None:
    """Its turn has come."""
    connection.exec_driver_sql("UPDATE deploys SET state = 'running' WHERE approval = ?", (deploy.approval,))
    emit(connection, DEPLOY_STARTED, _progress(deploy))


def finish(connection: Connection, deploy: Deploy, now: int, error: str | None, notes: Sequence[str] = ()) -> None:
    """It is deployed, or it is not and `error` says why. Told once: what is done already stays as it is."""
    done = connection.exec_driver_sql(
        "UPDATE deploys SET state = 'done', ended_at = ?, error = ? WHERE approval = ? AND state <> 'done'"
        " RETURNING approval",
        (now, error, deploy.approval),
    ).scalar()
    if done is None:
        return
    _tell_end(connection, deploy, error, notes)


def tell_again(connection: Connection, approval: int) -> None:
    """Approvals asks for what it was told, perhaps, before: how that one ended, if it has."""
    row = connection.exec_driver_sql(
        "SELECT * FROM deploys WHERE approval = ? AND state = 'done'", (approval,)
    ).one_or_none()
    if row is not None:
        _tell_end(connection, _deploy(row), row.error, ())


def _tell_end(connection: Connection, deploy: Deploy, error: str | None, notes: Sequence[str]) -> None:
    ended = {"ok": error is None, "error": error, "notes": [*notes]}
    emit(connection, DEPLOY_FINISHED, _progress(deploy).model_copy(update=ended))


def _progress(deploy: Deploy) -> DeployProgress:
    return DeployProgress(approval=deploy.approval, agent=deploy.agent, commit=deploy.commit)


def _deploy(row: AnyRow) -> Deploy:
    kind, revives = ApprovalKind(row.kind), bool(row.revives)
    return Deploy(row.approval, row.agent, kind, row.commit_id, row.config, row.requested_by, revives)
