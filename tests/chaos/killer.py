"""Who is killed next: any process of the swarm, drawn with a seed."""

import random
from collections import Counter
from collections.abc import Callable

from tests.swarm import RealSwarm, kill

SERVICES = ("nats", "broker", "lifecycle", "approvals", "dashboard", "revoker")


class Killer:
    """Kills one process at a time; only processes that the swarm itself started."""

    def __init__(self, swarm: RealSwarm, agents: tuple[str, ...], chance: random.Random) -> None:
        self._swarm = swarm
        self._agents = agents
        self._chance = chance
        self.killed: Counter[str] = Counter()

    def strike(self) -> str | None:
        """Kill one; returns what it was, or None when that one was not running just now."""
        kinds = [*SERVICES, *(("harness", "claude", "shim") if self._agents else ())]
        kind = self._chance.choice(kinds)
        pid = self._swarm.services().get(kind) if kind in SERVICES else self._agent_process(kind)
        if pid is None or not kill(pid):
            return None
        self.killed[kind] += 1
        return kind

    def _agent_process(self, kind: str) -> int | None:
        look: dict[str, Callable[[str], int | None]] = {
            "harness": self._swarm.harness,
            "claude": self._swarm.claude,
            "shim": self._swarm.shim,
        }
        return look[kind](self._chance.choice(self._agents))
