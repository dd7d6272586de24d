"""One user of this host for each agent: chosen once and kept as long as anything of the agent is kept."""

import pwd
from collections.abc import Iterator
from dataclasses import dataclass

from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection


@dataclass(frozen=True)
class UidRange:
    """Users that agents may run as, both ends included."""

    first: int
    last: int


def find(connection: Connection, agent: str) -> int | None:
    """The agent's user."""
    return connection.exec_driver_sql("SELECT uid FROM uids WHERE agent = ?", (agent,)).scalar()


def choose(connection: Connection, agent: str, allowed: UidRange) -> int:
    """The agent's user, from now on the first free one if it had none. Refuses `storage_failed` when none is left."""
    known = find(connection, agent)
    if known is not None:
        return known
    taken = {int(uid) for uid in connection.exec_driver_sql("SELECT uid FROM uids").scalars()}
    uid = next(_free(allowed, taken), None)
    if uid is None:
        text = f"no user is left for {agent} between {allowed.first} and {allowed.last}"
        raise Refusal(ErrorCode.STORAGE_FAILED, text)
    connection.exec_driver_sql("INSERT INTO uids (agent, uid) VALUES (?, ?)", (agent, uid))
    return uid


def forget(connection: Connection, agent: str) -> None:
    """Nothing of the agent is left; its user may be another's."""
    connection.exec_driver_sql("DELETE FROM uids WHERE agent = ?", (agent,))


def _free(allowed: UidRange, taken: set[int]) -> Iterator[int]:
    for uid in range(allowed.first, allowed.last + 1):
        if uid not in taken and not _is_somebody(uid):
            yield uid


def _is_somebody(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
