"""Who can be written to. Lifecycle opens an agent's inbox when it makes the agent and closes it with it."""

import json
from collections.abc import Sequence

from hive_wire.broker import InboxCounts
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, is_free_for_agents
from sqlalchemy import Connection

from hive_broker.rows import COUNTS, counts_of


def open_inbox(connection: Connection, name: str, may_write_to: Sequence[str] | None = None) -> None:
    """Make an agent reachable; what an earlier agent of that name left undelivered is still there.

    `may_write_to` is whom it may write to from now on; None: everyone.
    """
    if name != MANAGER and not is_free_for_agents(name):
        raise Refusal(ErrorCode.BAD_NAME, f"{name!r} can't be an agent's name", name=name)
    connection.exec_driver_sql(
        "INSERT INTO inboxes (name, open, may_write_to) VALUES (?, 1, ?)"
        " ON CONFLICT (name) DO UPDATE SET open = 1, may_write_to = excluded.may_write_to",
        (name, None if may_write_to is None else json.dumps(sorted(set(may_write_to)))),
    )


def close_inbox(connection: Connection, name: str) -> None:
    """Make an agent unreachable. Its mail stays, and whoever still holds its credentials can take none of it."""
    connection.exec_driver_sql(
        "UPDATE inboxes SET open = 0, epoch = epoch + 1, start_key = NULL WHERE name = ?", (name,)
    )


def open_inboxes(connection: Connection) -> list[InboxCounts]:
    """Everybody who can be written to."""
    rows = connection.exec_driver_sql(f"SELECT {COUNTS} FROM inboxes WHERE open ORDER BY name")
    return [counts_of(row) for row in rows]


def allow_lists(connection: Connection) -> dict[str, frozenset[str]]:
    """Whom each owner of an inbox may write to; owners without a list may write to everyone."""
    rows = connection.exec_driver_sql("SELECT name, may_write_to FROM inboxes WHERE may_write_to IS NOT NULL")
    return {row.name: frozenset(json.loads(row.may_write_to)) for row in rows}
