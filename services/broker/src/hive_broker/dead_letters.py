"""What the operator does about messages that died: put them back in line, or drop them."""

from hive_wire.broker import MessageState, Receipt
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_broker.rows import RECEIPT, AnyRow, receipt
from hive_broker.states import move


def retry(connection: Connection, message_id: int) -> Receipt:
    """Back in line with its failures forgotten. Refuses `not_found`, `not_dead`."""
    row = _dead(connection, message_id)
    also = ", redelivered = redelivered + 1, failures = 0, dead_reason = NULL"
    move(connection, row.recipient, [message_id], MessageState.PENDING, also, ())
    return receipt(_row(connection, message_id))


def dismiss(connection: Connection, message_id: int, now_microseconds: int) -> Receipt:
    """Out of the way; the row stays for as long as an acked one. Refuses `not_found`, `not_dead`."""
    row = _dead(connection, message_id)
    move(connection, row.recipient, [message_id], MessageState.DISMISSED, ", acked_at = ?", (now_microseconds,))
    return receipt(_row(connection, message_id))


def _dead(connection: Connection, message_id: int) -> AnyRow:
    row = _row(connection, message_id)
    if row.state != MessageState.DEAD:
        raise Refusal(ErrorCode.NOT_DEAD, f"message #{message_id} is {row.state}, not dead", id=message_id)
    return row


def _row(connection: Connection, message_id: int) -> AnyRow:
    row = connection.exec_driver_sql(f"SELECT {RECEIPT} FROM messages WHERE id = ?", (message_id,)).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no message #{message_id}", id=message_id)
    return row
