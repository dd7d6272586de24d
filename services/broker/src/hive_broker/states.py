"""A message's change of state: the row, its inbox's counts and the event that tells, always together."""

from collections.abc import Sequence

from hive_kit.outbox import emit
from hive_wire.broker import (
    ACKED,
    DELIVERED,
    DIED,
    DISMISSED,
    REQUEUED,
    InboxCounts,
    MessageState,
    Moved,
)
from hive_wire.verb import Event
from sqlalchemy import Connection

from hive_broker.rows import RECEIPT, inbox_counts, receipt

_EVENTS: dict[MessageState, Event[Moved]] = {
    MessageState.IN_FLIGHT: DELIVERED,
    MessageState.ACKED: ACKED,
    MessageState.PENDING: REQUEUED,
    MessageState.DEAD: DIED,
    MessageState.DISMISSED: DISMISSED,
}


def move(
    connection: Connection,
    owner: str,
    ids: Sequence[int],
    state: MessageState,
    also: str,
    values: tuple[object, ...],
) -> InboxCounts:
    """Bring messages of one inbox into another state, keep the inbox's counts, tell what changed."""
    marks = ",".join("?" * len(ids))
    before = connection.exec_driver_sql(
        f"SELECT state, count(*) AS number FROM messages WHERE id IN ({marks}) GROUP BY state", tuple(ids)
    ).all()
    rows = connection.exec_driver_sql(
        f"UPDATE messages SET state = ?{also} WHERE id IN ({marks}) RETURNING {RECEIPT}", (state, *values, *ids)
    ).all()
    changes = {"pending": 0, "in_flight": 0, "dead": 0}
    for row in before:
        if row.state in changes:
            changes[row.state] -= row.number
    if state in changes:
        changes[state] += len(ids)
    connection.exec_driver_sql(
        "UPDATE inboxes SET pending = pending + ?, in_flight = in_flight + ?, dead = dead + ? WHERE name = ?",
        (changes["pending"], changes["in_flight"], changes["dead"], owner),
    )
    counts = inbox_counts(connection, owner)
    receipts = sorted((receipt(row) for row in rows), key=lambda r: r.id)
    emit(connection, _EVENTS[state], Moved(receipts=receipts, counts=counts))
    return counts
