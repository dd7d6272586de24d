"""The steps that take an agent away, and what is done with what it leaves. Each may be taken again."""

import asyncio
from dataclasses import dataclass

from hive_wire import approvals, broker
from hive_wire.lifecycle import ContainerState

from hive_lifecycle.actions import Action
from hive_lifecycle.credentials import revoke_all
from hive_lifecycle.steps import Steps


@dataclass(frozen=True)
class Removal:
    """Steps, with what all steps work with."""

    steps: Steps

    async def destroy_container(self, action: Action) -> None:
        """The runtime knows nothing of it; its log stays unless it is purged."""
        await self.steps.runtime.destroy(action.agent, purge=action.purge)
        await self.steps.note(action, ContainerState.ABSENT, exit=None)

    async def revoke_credentials(self, action: Action) -> None:
        """No credentials that it ever had are worth anything."""
        await revoke_all(self.steps.database, self.steps.bus, action.agent)

    async def close_inbox(self, action: Action) -> None:
        """Nobody can write to it; its mail is kept."""
        await self.steps.bus.call_persistently(broker.CLOSE_INBOX, broker.InboxName(name=action.agent))

    async def remove_repos(self, action: Action) -> None:
        """Its configuration is gone, if that was asked for."""
        if action.purge:
            await self.steps.bus.call_persistently(approvals.REMOVE_REPOS, approvals.ReposRequest(agent=action.agent))

    async def remove_folders(self, action: Action) -> None:
        """Credentials and secrets are gone; state, login and history too, if that was asked for."""
        await asyncio.to_thread(self.steps.layout.remove, action.agent, purge=action.purge)
        if action.purge:
            await asyncio.to_thread(self.steps.secrets.forget, action.agent)
