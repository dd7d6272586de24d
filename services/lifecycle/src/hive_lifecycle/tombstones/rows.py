"""Tombstones as rows, each change with its event in the caller's transaction.

One is `new` until it was measured and told of, then `kept`, and `purging` until nothing is left.
"""

from collections.abc import Sequence
from enum import StrEnum

from hive_kit.outbox import emit
from hive_kit.times import microseconds
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import AgentName
from hive_wire.tombstones import TOMBSTONE_MADE, TOMBSTONE_REMOVED, Tombstone
from sqlalchemy import Connection

from hive_lifecycle import agents, clock, output, uids
from hive_lifecycle.agents import AnyRow
from hive_lifecycle.tombstones.measuring import Kept


class State(StrEnum):
    """How far a tombstone is."""

    NEW = "new"
    KEPT = "kept"
    PURGING = "purging"


def make(connection: Connection, name: str, now: int) -> None:
    """The agent is destroyed and its things are kept."""
    connection.exec_driver_sql(
        "INSERT OR REPLACE INTO tombstones (name, destroyed_at, state, changed_at) VALUES (?, ?, ?, ?)",
        (name, now, State.NEW, now),
    )


def state(connection: Connection, name: str) -> State | None:
    """The state of the tombstone of that name, if there is one."""
    found = connection.exec_driver_sql("SELECT state FROM tombstones WHERE name = ?", (name,)).scalar()
    return None if found is None else State(found)


def everyone(connection: Connection) -> list[Tombstone]:
    """All tombstones by name."""
    return [_tombstone(row) for row in connection.exec_driver_sql("SELECT * FROM tombstones ORDER BY name")]


def names(connection: Connection, *states: State) -> list[str]:
    """Those in one of these states."""
    marks = ", ".join("?" for _ in states)
    found = connection.exec_driver_sql(f"SELECT name FROM tombstones WHERE state IN ({marks}) ORDER BY name", states)
    return list(found.scalars())


def measured(connection: Connection, name: str, kept: Kept | None) -> None:
    """Note what lies there, and tell of it when that is news; where nothing does, there is no tombstone any more.
    One that is gone or going meanwhile is left alone."""
    before = connection.exec_driver_sql(
        "SELECT * FROM tombstones WHERE name = ? AND state <> ?", (name, State.PURGING)
    ).one_or_none()
    if before is None:
        return
    if kept is None:
        remove(connection, name)
        return
    after = connection.exec_driver_sql(
        "UPDATE tombstones SET state = ?, changed_at = ?, size_bytes = ?, login_kept = ? WHERE name = ? RETURNING *",
        (State.KEPT, microseconds(kept.changed_at), kept.size_bytes, kept.login_kept, name),
    ).one()
    if before.state == State.NEW or _tombstone(before) != _tombstone(after):
        emit(connection, TOMBSTONE_MADE, _tombstone(after))


def check_revivable(connection: Connection, name: str) -> None:
    """Refuses `unknown_tombstone`."""
    found = state(connection, name)
    if found is None:
        raise _unknown(connection, name)
    if found is State.PURGING:
        text = f"what was kept of {name} is being purged; it can't be revived any more"
        raise Refusal(ErrorCode.UNKNOWN_TOMBSTONE, text, name=name)


def begin_purge(connection: Connection, name: str) -> None:
    """From now on it goes. Refuses `agent_exists`, `unknown_tombstone`."""
    if agents.find(connection, name) is not None:
        text = f"there is an agent {name!r}: what belongs to it can't be purged; destroy it first"
        raise Refusal(ErrorCode.AGENT_EXISTS, text, name=name)
    if state(connection, name) is None:
        raise _unknown(connection, name)
    connection.exec_driver_sql("UPDATE tombstones SET state = ? WHERE name = ?", (State.PURGING, name))


def end_purge(connection: Connection, name: str) -> None:
    """Nothing is left, nor what its actions printed; its user may be another's."""
    output.prune(connection, name, keep=0)
    uids.forget(connection, name)
    remove(connection, name)


def remove(connection: Connection, name: str) -> None:
    """No tombstone any more: nothing is kept, or it lives again."""
    gone = connection.exec_driver_sql("DELETE FROM tombstones WHERE name = ? RETURNING name", (name,)).scalar()
    if gone is not None:
        emit(connection, TOMBSTONE_REMOVED, AgentName(name=name))


def _unknown(connection: Connection, name: str) -> Refusal:
    known: Sequence[str] = [tombstone.name for tombstone in everyone(connection)]
    there = f"there are tombstones of {', '.join(known)}" if known else "there are no tombstones"
    return Refusal(ErrorCode.UNKNOWN_TOMBSTONE, f"nothing is kept of an agent {name!r}; {there}", known=known)


def _tombstone(row: AnyRow) -> Tombstone:
    return Tombstone(
        name=row.name,
        destroyed_at=clock.moment(row.destroyed_at),
        changed_at=clock.moment(row.changed_at),
        size_bytes=row.size_bytes,
        login_kept=bool(row.login_kept),
    )
