"""Lifecycle's events and their effect on approvals: each once, in one transaction with its id."""

from datetime import datetime

from hive_kit.stream import Envelope, Position
from hive_wire import lifecycle
from hive_wire.approvals import ApprovalKind
from hive_wire.subjects import STREAM
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_approvals import decisions

SUBJECT = "hive.evt.lifecycle.>"
HEARD = frozenset(event.subject for event in (lifecycle.DEPLOY_STARTED, lifecycle.DEPLOY_FINISHED, lifecycle.REMOVED))
"""Events with an effect. The others, which are many, are passed over without a trace."""


def position(connection: Connection) -> Position | None:
    """How far the event stream has been followed; None before the first event."""
    row = connection.exec_driver_sql(
        "SELECT created, seq FROM stream_position WHERE stream = ?", (STREAM,)
    ).one_or_none()
    return Position(row.created, row.seq) if row else None


def take_in(connection: Connection, envelope: Envelope, now: datetime) -> None:
    """Give an event its effect, unless it had it already. An event that can't be read has none."""
    connection.exec_driver_sql(
        "INSERT INTO stream_position (stream, created, seq) VALUES (?, ?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET created = excluded.created, seq = excluded.seq",
        (STREAM, envelope.position.created, envelope.position.seq),
    )
    fresh = connection.exec_driver_sql(
        "INSERT INTO seen_events (id) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (envelope.id,)
    ).scalar()
    if fresh is None:
        return
    try:
        _apply(connection, envelope, now)
    except ValidationError:
        return


def _apply(connection: Connection, envelope: Envelope, now: datetime) -> None:
    if envelope.subject == lifecycle.DEPLOY_STARTED.subject:
        decisions.started(connection, lifecycle.DeployProgress.model_validate_json(envelope.payload), now)
    elif envelope.subject == lifecycle.DEPLOY_FINISHED.subject:
        decisions.finished(connection, lifecycle.DeployProgress.model_validate_json(envelope.payload))
    elif envelope.subject == lifecycle.REMOVED.subject:
        name = lifecycle.AgentName.model_validate_json(envelope.payload).name
        decisions.supersede_all(connection, name, ApprovalKind.APPLY_COMMIT, f"the agent {name!r} is gone", now)
