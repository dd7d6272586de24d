"""Ports of harnesses: a pure hash of the name, so that an agent's port never moves and no table is needed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import PortConflict
from hive_wire.names import MANAGER


@dataclass(frozen=True)
class PortPlan:
    """The manager's port, and the range (both ends included) of everybody else's."""

    manager: int
    first: int
    last: int

    def port_of(self, name: str) -> int:
        """Always the same for the same name and range."""
        if name == MANAGER:
            return self.manager
        return self.first + int.from_bytes(sha256(name.encode()).digest()[:8]) % (self.last - self.first + 1)


def check_free(port: int, taken: Mapping[str, int]) -> None:
    """Refuses `port_taken` when an agent in `taken` (name to port) has that port."""
    for other, its_port in sorted(taken.items()):
        if its_port == port:
            text = f"port {port} already taken by {other}, rename one of them"
            raise Refusal(ErrorCode.PORT_TAKEN, text, port=port, agent=other)


def conflicts(ports: Mapping[str, int]) -> list[PortConflict]:
    """Ports that several agents have."""
    names: dict[int, list[str]] = defaultdict(list)
    for name, port in sorted(ports.items()):
        names[port].append(name)
    return [PortConflict(port=port, agents=who) for port, who in sorted(names.items()) if len(who) > 1]
