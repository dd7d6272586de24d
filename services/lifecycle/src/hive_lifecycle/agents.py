"""Agents as stored, and the view that everybody else has of them.

Every change of a row goes through `change` or ends with `tell`, so that a view that differs from the one last
told becomes an event in the same transaction.
"""

from dataclasses import dataclass
from typing import Any

from hive_kit.outbox import emit
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import CHANGED, REMOVED, AgentChanged, AgentName, AgentView, ContainerState, PortConflict
from hive_wire.names import MANAGER, Role
from sqlalchemy import Connection, Row, insert, update

from hive_lifecycle import clock, ports
from hive_lifecycle.tables import agents as table

AnyRow = Row[Any]  # Any: SQLAlchemy's rows of textual statements have no types

_VIEW = (
    "SELECT a.*, c.transient, c.begun_at, (SELECT d.approval FROM deploys d WHERE d.agent = a.name"
    " AND d.state <> 'done' ORDER BY d.state = 'queued', d.approval LIMIT 1) AS approval"
    " FROM agents a LEFT JOIN actions c ON c.agent = a.name AND c.ended_at IS NULL"
)
_ORDER = " ORDER BY a.name <> 'manager', a.name"


@dataclass(frozen=True)
class Agent:
    """What lifecycle itself needs to know of an agent. `config` is `agent.toml` as JSON."""

    name: str
    role: Role
    port: int
    container: ContainerState
    container_since: int
    wanted: bool
    revision: str | None
    reachable: bool
    restarts: int
    config: str
    started_with: str | None
    logged_in: bool | None
    needs_update: bool | None
    commit: str | None = None
    """The whole id of the deployed commit; `revision` is its beginning."""
    locked: str | None = None
    """The revision that the swarm's flake has."""
    system: str | None = None
    """What was built of it and is installed, where the runtime builds."""
    built_with: str | None = None
    """What the flake's `hyperhive` was at then."""


def find(connection: Connection, name: str) -> Agent | None:
    """The agent of that name."""
    row = connection.exec_driver_sql("SELECT * FROM agents WHERE name = ?", (name,)).one_or_none()
    return None if row is None else _agent(row)


def get(connection: Connection, name: str) -> Agent:
    """The agent of that name. Refuses `unknown_agent`."""
    agent = find(connection, name)
    if agent is None:
        known = names(connection)
        text = f"there is no agent {name!r}; there are: {', '.join(known)}"
        raise Refusal(ErrorCode.UNKNOWN_AGENT, text, known=known)
    return agent


def names(connection: Connection) -> list[str]:
    """All agents, the manager first, then by name."""
    return list(connection.exec_driver_sql(f"SELECT a.name FROM agents a{_ORDER}").scalars())


def everyone(connection: Connection) -> list[Agent]:
    """All agents, the manager first, then by name."""
    return [_agent(row) for row in connection.exec_driver_sql(f"SELECT * FROM agents a{_ORDER}")]


def ports_in_use(connection: Connection) -> dict[str, int]:
    """Each agent's port."""
    return {row.name: row.port for row in connection.exec_driver_sql("SELECT name, port FROM agents")}


def add(connection: Connection, name: str, port: int, now: int) -> None:
    """Store a new agent that nothing exists of yet; the caller tells of it."""
    role = Role.MANAGER if name == MANAGER else Role.AGENT
    columns = {"created_at": now, "container": ContainerState.ABSENT, "container_since": now, "wanted": 1}
    connection.execute(insert(table).values(name=name, role=role, port=port, **columns))


def change(connection: Connection, name: str, **columns: Any) -> None:  # Any: columns of the table
    """Change a row and tell."""
    connection.execute(update(table).where(table.c.name == name).values(**columns))
    tell(connection, name)


def set_container(
    connection: Connection,
    name: str,
    state: ContainerState,
    now: int,
    **columns: Any,  # Any: further columns of the table
) -> None:
    """Note what became of the container; `container_since` moves only when the state does."""
    agent = get(connection, name)
    since = agent.container_since if agent.container is state else now
    change(connection, name, container=state, container_since=since, **columns)


def tell(connection: Connection, name: str) -> AgentView:
    """Emit the view when it differs from the one last told. Returns it."""
    seen = view(connection, name)
    text = seen.model_dump_json()
    told = connection.exec_driver_sql("SELECT told FROM agents WHERE name = ?", (name,)).scalar()
    if text != told:
        connection.exec_driver_sql("UPDATE agents SET told = ? WHERE name = ?", (text, name))
        emit(connection, CHANGED, AgentChanged(agent=seen, conflicts=port_conflicts(connection)))
    return seen


def remove(connection: Connection, name: str) -> None:
    """The agent is no more."""
    connection.exec_driver_sql("DELETE FROM agents WHERE name = ?", (name,))
    emit(connection, REMOVED, AgentName(name=name))


def view(connection: Connection, name: str) -> AgentView:
    """One agent as others see it. Refuses `unknown_agent`."""
    get(connection, name)
    return _view(connection.exec_driver_sql(f"{_VIEW} WHERE a.name = ?", (name,)).one())


def views(connection: Connection) -> list[AgentView]:
    """All agents as others see them, the manager first, then by name."""
    return [_view(row) for row in connection.exec_driver_sql(f"{_VIEW}{_ORDER}")]


def port_conflicts(connection: Connection) -> list[PortConflict]:
    """Agents whose names hash to one port; possible only after the range was changed."""
    return ports.conflicts(ports_in_use(connection))


def _agent(row: AnyRow) -> Agent:
    return Agent(
        name=row.name,
        role=Role(row.role),
        port=row.port,
        container=ContainerState(row.container),
        container_since=row.container_since,
        wanted=bool(row.wanted),
        revision=row.revision,
        reachable=bool(row.reachable),
        restarts=row.restarts,
        config=row.config,
        started_with=row.started_with,
        logged_in=_fact(row.logged_in),
        needs_update=_fact(row.needs_update),
        commit=row.commit_id,
        locked=row.locked,
        system=row.system,
        built_with=row.built_with,
    )


def _fact(column: int | None) -> bool | None:
    return None if column is None else bool(column)


def _view(row: AnyRow) -> AgentView:
    return AgentView(
        name=row.name,
        role=row.role,
        container=row.container,
        container_since=clock.moment(row.container_since),
        wanted=bool(row.wanted),
        transient=row.transient,
        transient_since=None if row.begun_at is None else clock.moment(row.begun_at),
        exit=row.exit,
        error=row.error,
        port=row.port,
        created_at=clock.moment(row.created_at),
        revision=row.locked,
        logged_in=_fact(row.logged_in),
        restarts=row.restarts,
        needs_update=bool(row.needs_update) and row.container == ContainerState.RUNNING,
        approval=row.approval,
    )
