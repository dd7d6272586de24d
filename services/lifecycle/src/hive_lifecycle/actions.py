"""Actions: a row for each, with its next step, so that one outlives the service.

Decides which action may begin and what its beginning and its end do to the agent. Taking the steps is `runner`'s.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from hive_kit.outbox import emit
from hive_wire import lifecycle as wire
from hive_wire.broker import PAGE_BYTES
from hive_wire.builds import ActionList, ActionsRequest, ActionView
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import ContainerState, Transient
from hive_wire.names import MANAGER
from hive_wire.verb import Event
from sqlalchemy import Connection

from hive_lifecycle import agents, clock, deploys, ports, uids


class Kind(StrEnum):
    """What can be done to an agent."""

    SPAWN = "spawn"
    START = "start"
    STOP = "stop"
    KILL = "kill"
    RESTART = "restart"
    UPDATE = "update"
    REBUILD = "rebuild"
    DEPLOY = "deploy"
    DESTROY = "destroy"


TRANSIENTS = {
    Kind.SPAWN: Transient.SPAWNING,
    Kind.START: Transient.STARTING,
    Kind.STOP: Transient.STOPPING,
    Kind.KILL: Transient.KILLING,
    Kind.RESTART: Transient.RESTARTING,
    Kind.UPDATE: Transient.REBUILDING,
    Kind.REBUILD: Transient.REBUILDING,
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
    Kind.REBUILD: wire.REBUILT,
    Kind.DEPLOY: wire.REBUILT,
    Kind.DESTROY: wire.DESTROYED,
}
WANTED = {Kind.SPAWN, Kind.START, Kind.RESTART}
"""After these the agent shall run."""
UNWANTED = {Kind.STOP, Kind.KILL, Kind.DESTROY}
"""After these it shall not. The others leave that as it is."""
_ENDS_OWN_TURN = {Kind.STOP, Kind.KILL, Kind.RESTART, Kind.UPDATE, Kind.REBUILD}


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

    @property
    def key(self) -> str:
        """What its work outside the database is known by."""
        return f"action-{self.id}"


@dataclass(frozen=True)
class Ended:
    """The end of an action. `gone`: nothing is left of the agent that could run."""

    action: Action
    error: str | None
    gone: bool
    now: int


@dataclass(frozen=True)
class Built:
    """What was built for an action: the system and its configuration, where the runtime builds any, and what
    `hyperhive` was at."""

    system: str | None = None
    built_with: str | None = None
    config: str | None = None


def order(connection: Connection, name: str, kind: Kind, by: str, now: int, *, purge: bool = False) -> Action | int:
    """Begin an action on an agent that exists; the id of the last one when what is asked for is so already.

    Refuses `unknown_agent`, `manager_protected`, `action_in_flight`; a rebuild `port_taken` too.
    """
    agent = agents.get(connection, name)
    if kind is Kind.DESTROY and name == MANAGER:
        raise Refusal(ErrorCode.MANAGER_PROTECTED, "the manager can't be destroyed")
    if by == MANAGER == name and kind in _ENDS_OWN_TURN:
        text = f"the manager can't {kind} itself, which would end its own turn; ask the operator to do it"
        raise Refusal(ErrorCode.MANAGER_PROTECTED, text)
    _check_free(connection, name)
    if kind is Kind.REBUILD:
        others = {other: port for other, port in agents.ports_in_use(connection).items() if other != name}
        ports.check_free(agent.port, others)
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


def note_built(connection: Connection, action: Action, built: Built) -> None:
    """The agent's system is built."""
    connection.exec_driver_sql(
        "UPDATE actions SET system = ?, built_with = ?, config = ? WHERE id = ?",
        (built.system, built.built_with, built.config, action.id),
    )


def built(connection: Connection, action: Action) -> Built | None:
    """What was built for it; None where nothing was, and while it is undone."""
    row = connection.exec_driver_sql("SELECT system, built_with, config FROM actions WHERE id = ?", (action.id,)).one()
    found = Built(row.system, row.built_with, row.config)
    return None if action.wrong is not None or found == Built() else found


def annotate(connection: Connection, action: Action, note: str) -> None:
    """Something that approvals should know of, when it carries out an approval."""
    connection.exec_driver_sql("UPDATE actions SET note = ? WHERE id = ?", (note, action.id))


def note_of(connection: Connection, action: Action) -> str | None:
    """What was noted of it."""
    return connection.exec_driver_sql("SELECT note FROM actions WHERE id = ?", (action.id,)).scalar()


def end(connection: Connection, ended: Ended, notes: list[str]) -> None:
    """Close the action, clear the transient and tell of both.

    `notes` go to approvals, when the action carries out an approval.
    """
    action, error = ended.action, ended.error
    connection.exec_driver_sql("UPDATE actions SET ended_at = ?, error = ? WHERE id = ?", (ended.now, error, action.id))
    if action.approval is not None:
        deploys.finish(connection, deploys.get(connection, action.approval), ended.now, error, notes)
    if ended.gone:
        _forget(connection, ended)
    else:
        deployed = {} if error else columns(connection, action)
        agents.change(connection, action.agent, error=error, **deployed)
    told = wire.ActionEnded(
        action=action.id,
        agent=action.agent,
        ok=error is None,
        error=error,
        requested_by=action.requested_by,
        purged=action.purge and error is None,
    )
    emit(connection, ENDED[action.kind], told)


def columns(connection: Connection, action: Action) -> dict[str, str]:
    """Columns of the agent that it deploys something to."""
    if action.approval is None:
        return {}
    deployed, made = deploys.columns(deploys.get(connection, action.approval)), built(connection, action)
    return deployed if made is None or made.config is None else deployed | {"config": made.config}


def page(connection: Connection, request: ActionsRequest) -> ActionList:
    """Actions, the last one first; as many as a reply can hold."""
    rows = connection.exec_driver_sql(
        "SELECT * FROM actions WHERE (?1 IS NULL OR agent = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
        (request.agent, request.before, request.limit + 1),
    ).all()
    chosen: list[ActionView] = []
    size = 0
    for row in rows[: request.limit]:
        one = view(row)
        size += len(one.model_dump_json().encode())
        if size > PAGE_BYTES and chosen:
            return ActionList(actions=chosen, more=True)
        chosen.append(one)
    return ActionList(actions=chosen, more=len(rows) > request.limit)


def view(row: agents.AnyRow) -> ActionView:
    """A row of the table as others see it."""
    return ActionView(
        id=row.id,
        agent=row.agent,
        kind=row.kind,
        requested_by=row.requested_by,
        begun_at=clock.moment(row.begun_at),
        ended_at=None if row.ended_at is None else clock.moment(row.ended_at),
        step=row.step if row.ended_at is None else None,
        error=row.error,
        approval=row.approval,
        lines=row.lines,
    )


def _forget(connection: Connection, ended: Ended) -> None:
    name = ended.action.agent
    agents.remove(connection, name)
    if ended.action.purge:
        uids.forget(connection, name)
    for waiting in deploys.queued(connection, name):
        deploys.finish(connection, waiting, ended.now, f"there is no {name} any more")


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
