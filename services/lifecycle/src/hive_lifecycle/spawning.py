"""Which names a new agent may have: its form, and nobody and nothing of that name or port may be there."""

from hive_kit.identity import check_name
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER
from hive_wire.permissions import SigningRole
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, ports
from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.tombstones import rows as tombstones


def check_form(name: str, max_length: int | None) -> None:
    """Refuses `bad_name`, `reserved_name`, `name_too_long`."""
    check_name(SigningRole.AGENT, name)
    if max_length is not None and len(name) > max_length:
        text = f"{name!r} is too long for this runtime, which takes {max_length} characters"
        raise Refusal(ErrorCode.NAME_TOO_LONG, text, limit=max_length)


def check_free(
    connection: Connection, name: str, plan: PortPlan, *, kept: bool, draft: bool = False, revives: bool = False
) -> int:
    """The port that a new agent of that name has. Refuses `name_taken`, also when something is `kept` of an earlier
    agent of that name, and `port_taken`.

    `draft`: what is kept was made for a draft, unless an agent of that name was destroyed: its login and history are
    nobody else's. `revives`: they are wanted, and must be there; refuses `unknown_tombstone`.
    """
    if agents.find(connection, name) is not None:
        raise Refusal(ErrorCode.NAME_TAKEN, f"there is an agent named {name} already", name=name)
    if revives:
        tombstones.check_revivable(connection, name)
    elif tombstones.state(connection, name) is not None:
        text = f"what was kept of an earlier {name} is still there; revive it, purge it, or choose another name"
        raise Refusal(ErrorCode.NAME_TAKEN, text, name=name, tombstone=True)
    elif kept and not draft:
        text = f"there is a state folder named {name}, of a draft or of an earlier agent; choose another name"
        raise Refusal(ErrorCode.NAME_TAKEN, text, name=name)
    port = plan.port_of(name)
    ports.check_free(port, agents.ports_in_use(connection))
    return port


def spawn(connection: Connection, name: str, plan: PortPlan, by: str, now: int, *, kept: bool) -> Action:
    """Store the agent with the action that makes it. Refusals as of `check_free`."""
    agents.add(connection, name, check_free(connection, name, plan, kept=kept), now)
    return actions.begin(connection, name, Kind.SPAWN, by, now)


def spawn_manager(connection: Connection, plan: PortPlan, by: str, now: int) -> Action | None:
    """The manager, where it is missing; what is kept of an earlier one it takes over. None where it is there."""
    return None if agents.find(connection, MANAGER) else spawn(connection, MANAGER, plan, by, now, kept=False)
