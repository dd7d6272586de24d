"""Rollouts as rows; every change is told with the whole of it, in the caller's transaction.

One at a time. An agent of one waits, runs (an action is at work on it), and is done, failed or skipped.
"""

import json
from collections.abc import Sequence

from hive_kit.outbox import emit
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.rollouts import ROLLOUT_CHANGED, Rollout, RolloutAgent, RolloutCause, RolloutState
from sqlalchemy import Connection

from hive_lifecycle import clock
from hive_lifecycle.agents import AnyRow


def begin(
    connection: Connection, cause: RolloutCause, by: str, now: int, names: Sequence[str], inputs: Sequence[str] = ()
) -> Rollout:
    """Store a rollout that is to be carried out; without agents and inputs it has ended already.

    Refuses `rollout_in_flight`.
    """
    running = in_flight(connection)
    if running is not None:
        text = f"rollout #{running.id} is under way; wait for its end"
        raise Refusal(ErrorCode.ROLLOUT_IN_FLIGHT, text, id=running.id)
    number = int(
        connection.exec_driver_sql(
            "INSERT INTO rollouts (cause, requested_by, begun_at, ended_at, inputs) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            (cause, by, now, None if names or inputs else now, json.dumps([*inputs])),
        ).scalar_one()
    )
    for position, name in enumerate(names):
        connection.exec_driver_sql(
            "INSERT INTO rollout_agents (rollout, position, name, state) VALUES (?, ?, ?, ?)",
            (number, position, name, RolloutState.WAITING),
        )
    return _tell(connection, number)


def get(connection: Connection, number: int) -> Rollout:
    """One of them; it must be there."""
    return _rollout(connection, connection.exec_driver_sql("SELECT * FROM rollouts WHERE id = ?", (number,)).one())


def in_flight(connection: Connection) -> Rollout | None:
    """The rollout that has not ended."""
    row = connection.exec_driver_sql("SELECT * FROM rollouts WHERE ended_at IS NULL").one_or_none()
    return None if row is None else _rollout(connection, row)


def shown(connection: Connection) -> list[Rollout]:
    """The one that has not ended, and the last one that has."""
    rows = connection.exec_driver_sql(
        "SELECT * FROM rollouts WHERE ended_at IS NULL"
        " OR id = (SELECT max(id) FROM rollouts WHERE ended_at IS NOT NULL) ORDER BY id DESC"
    )
    return [_rollout(connection, row) for row in rows.all()]


def is_locked(connection: Connection, number: int) -> bool:
    """Whether its inputs are locked anew."""
    return bool(connection.exec_driver_sql("SELECT locked FROM rollouts WHERE id = ?", (number,)).scalar_one())


def locked(connection: Connection, number: int, commit: str | None) -> None:
    """Its inputs are locked anew, in that commit where it changed anything."""
    connection.exec_driver_sql("UPDATE rollouts SET locked = 1, commit_id = ? WHERE id = ?", (commit, number))
    _tell(connection, number)


def give_up(connection: Connection, number: int, error: str, now: int) -> None:
    """Its inputs could not be updated; nothing is rebuilt."""
    connection.exec_driver_sql(
        "UPDATE rollout_agents SET state = ?, error = 'the inputs could not be updated' WHERE rollout = ?",
        (RolloutState.SKIPPED, number),
    )
    connection.exec_driver_sql("UPDATE rollouts SET ended_at = ?, error = ? WHERE id = ?", (now, error, number))
    _tell(connection, number)


def set_agent(
    connection: Connection,
    number: int,
    name: str,
    state: RolloutState,
    *,
    action: int | None = None,
    error: str | None = None,
) -> None:
    """How far one agent of it is."""
    connection.exec_driver_sql(
        "UPDATE rollout_agents SET state = ?, action = coalesce(?, action), error = ? WHERE rollout = ? AND name = ?",
        (state, action, error, number, name),
    )
    _tell(connection, number)


def note_end(connection: Connection, action: int, error: str | None) -> None:
    """An action has ended; an agent that it was rebuilt by has, too."""
    row = connection.exec_driver_sql(
        "SELECT rollout, name FROM rollout_agents WHERE action = ? AND state = ?", (action, RolloutState.RUNNING)
    ).one_or_none()
    if row is not None:
        state = RolloutState.DONE if error is None else RolloutState.FAILED
        set_agent(connection, row.rollout, row.name, state, error=error)


def end(connection: Connection, number: int, now: int) -> None:
    """All of its agents have ended."""
    connection.exec_driver_sql("UPDATE rollouts SET ended_at = ? WHERE id = ?", (now, number))
    _tell(connection, number)


def _tell(connection: Connection, number: int) -> Rollout:
    rollout = get(connection, number)
    emit(connection, ROLLOUT_CHANGED, rollout)
    return rollout


def _rollout(connection: Connection, row: AnyRow) -> Rollout:
    of_it = connection.exec_driver_sql(
        "SELECT name, state, action, error FROM rollout_agents WHERE rollout = ? ORDER BY position", (row.id,)
    )
    return Rollout(
        id=row.id,
        cause=RolloutCause(row.cause),
        requested_by=row.requested_by,
        begun_at=clock.moment(row.begun_at),
        ended_at=None if row.ended_at is None else clock.moment(row.ended_at),
        inputs=json.loads(row.inputs),
        commit=row.commit_id,
        error=row.error,
        agents=[RolloutAgent(name=a.name, state=RolloutState(a.state), action=a.action, error=a.error) for a in of_it],
    )
