"""What happened elsewhere and somebody's inbox should know: each event told once, in one transaction with its id."""

from datetime import datetime

from hive_kit.stream import Envelope, Position
from hive_wire.subjects import STREAM
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_broker.helper_mail import is_told, mail_for
from hive_broker.messages import tell

FOLLOWED = {"hive.evt.lifecycle.>": STREAM, "hive.evt.approvals.>": f"{STREAM}:approvals"}
"""The events that are followed, and under which name the position in each is kept."""


def position(connection: Connection, subjects: str) -> Position | None:
    """How far these events have been followed; None before the first."""
    row = connection.exec_driver_sql(
        "SELECT created, seq FROM stream_position WHERE stream = ?", (FOLLOWED[subjects],)
    ).one_or_none()
    return Position(row.created, row.seq) if row else None


def take_in(connection: Connection, subjects: str, envelope: Envelope, now: datetime) -> list[str]:
    """Give an event its effect, unless it had it already; returns whose inbox got mail.

    An event that can't be read has no effect.
    """
    _move_to(connection, FOLLOWED[subjects], envelope.position)
    if not is_told(envelope.subject) or not _is_new(connection, envelope.id):
        return []
    try:
        mail = mail_for(envelope.subject, envelope.payload)
    except ValidationError:
        return []
    for each in mail:
        tell(connection, each.to, each.body, now)
    return [each.to for each in mail]


def _move_to(connection: Connection, name: str, to: Position) -> None:
    connection.exec_driver_sql(
        "INSERT INTO stream_position (stream, created, seq) VALUES (?, ?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET created = excluded.created, seq = excluded.seq",
        (name, to.created, to.seq),
    )


def _is_new(connection: Connection, event_id: str) -> bool:
    fresh = connection.exec_driver_sql(
        "INSERT INTO seen_events (id) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (event_id,)
    ).scalar()
    return fresh is not None
