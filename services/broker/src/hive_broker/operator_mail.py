"""The operator's mail: delivered when a page has shown it, acked when the operator marks it handled."""

from collections.abc import Sequence
from datetime import datetime

from hive_kit.times import microseconds
from hive_wire.broker import MessageState
from hive_wire.names import OPERATOR
from sqlalchemy import Connection

from hive_broker.states import move

_SHOWN_IN = "page"


def mark_shown(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Mark those of `ids` that nobody had seen; returns how many. Other people's mail is left alone."""
    unseen = _in_state(connection, ids, (MessageState.PENDING,))
    if unseen:
        _show(connection, unseen, now)
    return len(unseen)


def mark_handled(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Mark those of `ids` that are not handled yet; returns how many."""
    unseen = _in_state(connection, ids, (MessageState.PENDING,))
    if unseen:
        _show(connection, unseen, now)
    unhandled = _in_state(connection, ids, (MessageState.IN_FLIGHT,))
    if unhandled:
        move(connection, OPERATOR, unhandled, MessageState.ACKED, ", acked_at = ?", (microseconds(now),))
    return len(unhandled)


def _show(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    also = ", attempts = attempts + 1, delivered_at = ?, turn = ?"
    move(connection, OPERATOR, ids, MessageState.IN_FLIGHT, also, (microseconds(now), _SHOWN_IN))


def _in_state(connection: Connection, ids: Sequence[int], states: tuple[MessageState, ...]) -> list[int]:
    if not ids:
        return []
    marks, state_marks = ",".join("?" * len(ids)), ",".join("?" * len(states))
    rows = connection.exec_driver_sql(
        f"SELECT id FROM messages WHERE id IN ({marks}) AND recipient = ? AND state IN ({state_marks}) ORDER BY id",
        (*ids, OPERATOR, *states),
    )
    return [row.id for row in rows]
