"""A message's change of state: the row, its inbox's counts and the event that tells, always together."""

from collections.abc import Sequence

from hive_kit.database import raw
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

from hive_broker.rows import COUNTS, RECEIPT, counts_of, receipt

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
    sqlite = raw(connection)
    marks = ",".join("?" * len(ids))
    changes = {"pending": 0, "in_flight": 0, "dead": 0}
    before = sqlite.execute(f"SELECT state, count(*) FROM messages WHERE id IN ({marks}) GROUP BY state", tuple(ids))
    for earlier, number in before:
        if earlier in changes:
            changes[earlier] -= number
    if state in changes:
        changes[state] += len(ids)
    rows = sqlite.execute(
        f"UPDATE messages SET state = ?{also} WHERE id IN ({marks}) RETURNING {RECEIPT}", (state, *values, *ids)
    ).fetchall()
    updated = sqlite.execute(
        "UPDATE inboxes SET pending = pending + ?, in_flight = in_flight + ?, dead = dead + ? WHERE name = ?"
        f" RETURNING {COUNTS}",
        (changes["pending"], changes["in_flight"], changes["dead"], owner),
    ).fetchone()
    counts = counts_of(updated)
    receipts = sorted((receipt(row) for row in rows), key=lambda r: r.id)
    emit(connection, _EVENTS[state], Moved(receipts=receipts, counts=counts))
    return counts
