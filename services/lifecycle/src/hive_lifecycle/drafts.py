"""Agents to be: the name is looked at, and there is a state folder for the manager to prepare. Which drafts there are
is approvals's matter.
"""

import asyncio
from dataclasses import dataclass

from hive_wire.names import is_free_for_agents
from sqlalchemy import Connection

from hive_lifecycle import agents, spawning, uids
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.steps import Steps
from hive_lifecycle.tombstones import rows as tombstones


@dataclass(frozen=True)
class Drafts:
    """Looks at names, makes and removes state folders."""

    steps: Steps
    ports: PortPlan

    async def check_name(self, name: str, *, draft: bool, revives: bool = False) -> None:
        """Refuses what a spawn would refuse: `bad_name`, `reserved_name`, `name_too_long`, `name_taken`,
        `port_taken`; of one that revives `unknown_tombstone`."""
        spawning.check_form(name, self.steps.runtime.capabilities().max_name_length)
        kept = await asyncio.to_thread(self.steps.layout.is_kept, name)
        await self.steps.database.read(
            lambda c: spawning.check_free(c, name, self.ports, kept=kept, draft=draft, revives=revives)
        )

    async def make(self, name: str) -> None:
        """The state folder, owned as the agent's will be. Refuses as `check_name` does for a draft."""
        await self.check_name(name, draft=True)
        owner = await self.steps.owner(name)
        await asyncio.to_thread(self.steps.layout.make_work, name, owner)

    async def drop(self, name: str) -> None:
        """Nothing is kept of a draft; an agent of that name, or what one left, stays as it is."""
        if not is_free_for_agents(name) or not await self.steps.database.read(lambda c: _is_droppable(c, name)):
            return
        await self.steps.runtime.destroy(name, purge=True)
        await asyncio.to_thread(self.steps.layout.remove, name, purge=True)
        await asyncio.to_thread(self.steps.secrets.forget, name)
        await self.steps.database.write(lambda c: uids.forget(c, name))


def _is_droppable(connection: Connection, name: str) -> bool:
    return agents.find(connection, name) is None and tombstones.state(connection, name) is None
