"""One lock per agent: what was checked of its repositories still holds when the row that relies on it is written."""

import asyncio
from weakref import WeakValueDictionary


class AgentLocks:
    """Locks by agent's name, made when they are asked for."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, agent: str) -> asyncio.Lock:
        """The lock of that agent."""
        lock = self._locks.get(agent)
        if lock is None:
            lock = self._locks[agent] = asyncio.Lock()
        return lock
