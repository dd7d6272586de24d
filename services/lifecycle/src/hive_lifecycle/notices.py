"""What is known of an agent's login and of whether it runs with what is installed; tells when either changes.

The first thing ever known of an agent is no change.
"""

from hive_kit.outbox import emit
from hive_kit.version import VERSION
from hive_wire.lifecycle import LOGGED_IN, NEEDS_LOGIN, NEEDS_UPDATE, Notice
from hive_wire.live import AgentStatus
from sqlalchemy import Connection

from hive_lifecycle import actions, agents


def note_report(
    connection: Connection, name: str, status: AgentStatus, digest: str | None, *, moved: bool = False
) -> None:
    """What a harness said of itself. `digest` is of what a start now would use, None when nothing could be started;
    `moved`: it would be built with something newer."""
    note_login(connection, name, status.logged_in)
    started_with = agents.get(connection, name).started_with
    other_settings = None not in (digest, started_with) and digest != started_with
    note_update(connection, name, moved or other_settings or status.version not in (None, VERSION))


def note_late_report(
    connection: Connection, name: str, status: AgentStatus, digest: str | None, *, moved: bool
) -> None:
    """A report that came by itself. While an action is at work, what a start would use is not settled."""
    if agents.find(connection, name) is None:
        return
    if actions.in_flight(connection, name) is None:
        note_report(connection, name, status, digest, moved=moved)
    else:
        note_login(connection, name, status.logged_in)


def note_login(connection: Connection, name: str, logged_in: bool | None) -> None:
    """What the harness said of its login; None when it does not know yet."""
    agent = agents.find(connection, name)
    if agent is None or logged_in is None or logged_in == agent.logged_in:
        return
    if agent.logged_in is not None:
        emit(connection, LOGGED_IN if logged_in else NEEDS_LOGIN, Notice(agent=name))
    agents.change(connection, name, logged_in=int(logged_in))


def note_update(connection: Connection, name: str, needed: bool) -> None:
    """Whether a start now would use another version or other settings than what runs."""
    agent = agents.find(connection, name)
    if agent is None or needed == agent.needs_update:
        return
    if needed and agent.needs_update is False:
        emit(connection, NEEDS_UPDATE, Notice(agent=name))
    agents.change(connection, name, needs_update=int(needed))
