"""Actions: a row for each, with its next step, so that one outlives the service.

Decides which action may begin and what its beginning and its end do to the agent. Taking the steps is `runner`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hive_kit.outbox import emit
from hive_wire import lifecycle as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import ContainerState, Transient
from hive_wire.names import MANAGER
from hive_wire.verb import Event
from sqlalchemy import Connection

from hive_lifecycle import agents, deploys, uids


class Kind(StrEnum):
    """What can be done to an agent."""

    SPAWN = "spawn"
    START = "start"
    STOP = "stop"
    KILL = "kill"
    RESTART = "restart"
    UPDATE = "update"
    DEPLOY = "deploy"
    DESTROY = "destroy"


TRANSIENTS = {
    Kind.SPAWN: Transient.SPAWNING,
    Kind.START: Transient.STARTING,
    Kind.STOP: Transient.STOPPING,
    Kind.KILL: Transient.KILLING,
    Kind.RESTART: Transient.RESTARTING,
    Kind.UPDATE: Transient.REBUILDING,
    Kind.DEPLOY: Transient.REBUILDING,
    Kind.DESTROY: Transient.DESTROYING,
}
ENDED: dict[Kind, Event[wire.ActionEnded]] = {
    Kind.SPAWN: wire.SPAWNED,
    Kind.START: wire.STARTED,
    Kind.STOP: wire.STOPPED,
    Kind.KILL: wire.KILLED,
    Kind.RESTART: wire.RESTARTED,
    Kind.UPDATE: wire.REBUILT,
    Kind.DEPLOY: wire.REBUILT,
    Kind.DESTROY: wire.DESTROYED,
}
WANTED = {Kind.SPAWN, Kind.START, Kind.RESTART}
"""After these the agent shall run."""
UNWANTED = {Kind.STOP, Kind.KILL, Kind.DESTROY}
"""After these it shall not. The others leave that as it is."""
_ENDS_OWN_TURN = {Kind.STOP, Kind.KILL, Kind.RESTART, Kind.UPDATE}


_REVISION_LENGTH = 12


@dataclass(frozen=True)
class Action:
    """One action on one agent. `step` is the next one to take, None for the first.

    `approval` is what it carries out, if anything. `wrong`: it failed for that reason and is being undone.
    """

    id: int
    agent: str
    kind: Kind
    step: str | None
    purge: bool
    requested_by: str
    approval: int | None = None
    wrong: str | None = None


def order(connection: Connection, name: str, kind: Kind, by: str, now: int, *, purge: bool = False) -> Action | int:
    """Begin an action on an agent that exists; the id of the last one when what is asked for is so already.

    Refuses `unknown_agent`, `manager_protected`, `action_in_flight`.
    """
    agent = agents.get(connection, name)
    if kind is Kind.DESTROY and name == MANAGER:
        raise Refusal(ErrorCode.MANAGER_PROTECTED, "the manager can't be destroyed")
    if by == MANAGER == name and kind in _ENDS_OWN_TURN:
        text = f"the manager can't {kind} itself, which would end its own turn; ask the operator to do it"
        raise Refusal(ErrorCode.MANAGER_PROTECTED, text)
    _check_free(connection, name)
    last = connection.exec_driver_sql("SELECT max(id) FROM actions WHERE agent = ?", (name,)).scalar()
    if last is not None and _is_so(kind, agent):
        return int(last)
    return begin(connection, name, kind, by, now, purge=purge)


def begin(
    connection: Connection,
    name: str,
    kind: Kind,
    by: str,
    now: int,
    *,
    purge: bool = False,
    approval: int | None = None,
) -> Action:
    """Begin an action and tell of its transient. Refuses `action_in_flight`."""
    _check_free(connection, name)
    row = connection.exec_driver_sql(
        "INSERT INTO actions (agent, kind, transient, purge, requested_by, begun_at, approval)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (name, kind, TRANSIENTS[kind], purge, by, now, approval),
    )
    action = Action(int(row.scalar_one()), name, kind, None, purge, by, approval)
    wanted = {"wanted": int(kind in WANTED)} if kind in WANTED | UNWANTED else {}
    agents.change(connection, name, error=None, **wanted)
    return action


def in_flight(connection: Connection, name: str) -> Action | None:
    """The action that runs on that agent."""
    row = connection.exec_driver_sql(
        "SELECT * FROM actions WHERE agent = ? AND ended_at IS NULL", (name,)
    ).one_or_none()
    return None if row is None else _action(row)


def was_destroyed(connection: Connection, name: str) -> bool:
    """Whether the last agent of that name was destroyed and what it had was kept."""
    last = connection.exec_driver_sql(
        "SELECT kind, purge, error FROM actions WHERE agent = ? ORDER BY id DESC LIMIT 1", (name,)
    ).one_or_none()
    return last is not None and last.kind == Kind.DESTROY and last.error is None and not last.purge


def unfinished(connection: Connection) -> list[Action]:
    """All actions that have not ended, oldest first."""
    return [_action(row) for row in connection.exec_driver_sql("SELECT * FROM actions WHERE ended_at IS NULL")]


def reach(connection: Connection, action: Action, step: str) -> None:
    """All steps before `step` are done."""
    connection.exec_driver_sql("UPDATE actions SET step = ? WHERE id = ?", (step, action.id))


def turn_back(connection: Connection, action: Action, step: str, wrong: str) -> Action:
    """The action has failed; what it did is undone from `step` on."""
    connection.exec_driver_sql("UPDATE actions SET step = ?, error = ? WHERE id = ?", (step, wrong, action.id))
    return replace(action, step=step, wrong=wrong)


def end(
    connection: Connection, action: Action, now: int, error: str | None, *, gone: bool, notes: Sequence[str] = ()
) -> None:
    """Close the action, clear the transient and tell of both. `gone`: nothing is left of the agent that could run.

    `notes` go to approvals, when the action carries out an approval.
    """
    connection.exec_driver_sql("UPDATE actions SET ended_at = ?, error = ? WHERE id = ?", (now, error, action.id))
    deployed: dict[str, str] = {}
    if action.approval is not None:
        deploy = deploys.get(connection, action.approval)
        deploys.finish(connection, deploy, now, error, notes)
        deployed = {"revision": short(deploy.commit), "config": deploy.config} if error is None else {}
    if gone:
        _forget(connection, action, now)
    else:
        agents.change(connection, action.agent, error=error, **deployed)
    ended = wire.ActionEnded(
        action=action.id,
        agent=action.agent,
        ok=error is None,
        error=error,
        requested_by=action.requested_by,
        purged=action.purge and error is None,
    )
    emit(connection, ENDED[action.kind], ended)


def short(commit: str) -> str:
    """A commit as views show it."""
    return commit[:_REVISION_LENGTH]


def _forget(connection: Connection, action: Action, now: int) -> None:
    agents.remove(connection, action.agent)
    if action.purge:
        uids.forget(connection, action.agent)
    for waiting in deploys.queued(connection, action.agent):
        deploys.finish(connection, waiting, now, f"there is no {action.agent} any more")


def _check_free(connection: Connection, name: str) -> None:
    running = in_flight(connection, name)
    if running is not None:
        transient = TRANSIENTS[running.kind]
        text = f"{name} is {transient}; try again when that has ended"
        raise Refusal(ErrorCode.ACTION_IN_FLIGHT, text, action=transient, id=running.id)


def _is_so(kind: Kind, agent: agents.Agent) -> bool:
    if kind is Kind.START:
        return agent.wanted and agent.container is ContainerState.RUNNING
    if kind in {Kind.STOP, Kind.KILL}:
        return not agent.wanted and agent.container in {ContainerState.STOPPED, ContainerState.ABSENT}
    if kind is Kind.UPDATE:
        return agent.container is ContainerState.RUNNING and not agent.needs_update
    return False


def _action(row: agents.AnyRow) -> Action:
    kind, purge = Kind(row.kind), bool(row.purge)
    return Action(row.id, row.agent, kind, row.step, purge, row.requested_by, row.approval, row.error)
