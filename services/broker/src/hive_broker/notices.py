"""What happened elsewhere and somebody's inbox should know: each event told once, in one transaction with its id."""

import json
from datetime import datetime

from hive_kit.stream import Envelope, Position
from hive_wire import lifecycle
from hive_wire.names import MANAGER
from hive_wire.subjects import STREAM
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_broker.messages import tell

SUBJECT = "hive.evt.lifecycle.>"

_CAME_UP = {lifecycle.STARTED.subject: "started", lifecycle.RESTARTED.subject: "restarted"}


def position(connection: Connection) -> Position | None:
    """How far the event stream has been followed; None before the first event."""
    row = connection.exec_driver_sql(
        "SELECT created, seq FROM stream_position WHERE stream = ?", (STREAM,)
    ).one_or_none()
    return Position(row.created, row.seq) if row else None


def move_to(connection: Connection, to: Position) -> None:
    """Remember how far the stream has been followed."""
    connection.exec_driver_sql(
        "INSERT INTO stream_position (stream, created, seq) VALUES (?, ?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET created = excluded.created, seq = excluded.seq",
        (STREAM, to.created, to.seq),
    )


def take_in(connection: Connection, envelope: Envelope, now: datetime) -> list[str]:
    """Give an event its effect, unless it had it already; returns whose inbox got mail.

    An event that can't be read has no effect.
    """
    move_to(connection, envelope.position)
    fresh = connection.exec_driver_sql(
        "INSERT INTO seen_events (id) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (envelope.id,)
    ).scalar()
    if fresh is None:
        return []
    try:
        return _apply(connection, envelope, now)
    except ValidationError:
        return []


def _apply(connection: Connection, envelope: Envelope, now: datetime) -> list[str]:
    if envelope.subject in _CAME_UP:
        ended = lifecycle.ActionEnded.model_validate_json(envelope.payload)
        if ended.ok:
            tell(connection, ended.agent, _came_up(_CAME_UP[envelope.subject]), now)
            return [ended.agent]
    elif envelope.subject == lifecycle.CRASHED.subject:
        crashed = lifecycle.Crashed.model_validate_json(envelope.payload)
        if crashed.agent != MANAGER:
            event = {"event": "container_crash", "agent": crashed.agent, "exit": crashed.exit}
            tell(connection, MANAGER, json.dumps(event), now)
            return [MANAGER]
    return []


def _came_up(how: str) -> str:
    return (
        f"You were {how}. Your session continues where it was; "
        "check the notes in your state folder for what you were doing."
    )
