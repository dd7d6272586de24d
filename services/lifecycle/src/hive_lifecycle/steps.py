"""The steps that actions are made of. Each may be taken again after it was done or half done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_kit.files import write_if_changed
from hive_wire import approvals, broker
from hive_wire.lifecycle import ContainerState
from sqlalchemy import Connection

from hive_lifecycle import agents, clock, uids
from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.credentials import Credentials, revoke_all
from hive_lifecycle.harness import HarnessPlan, wait_until_ready
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.runtimes import Runtime
from hive_lifecycle.secrets import Secrets
from hive_lifecycle.settings import LifecycleSettings

Step: TypeAlias = Callable[[Action], Awaitable[None]]

_REVISION_LENGTH = 12


@dataclass
class Steps:
    """Everything that actions work with."""

    settings: LifecycleSettings
    database: Database
    bus: Bus
    runtime: Runtime
    layout: Layout
    credentials: Credentials
    secrets: Secrets
    _starts: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._starts = asyncio.Semaphore(self.settings.parallel_starts)

    def of(self, kind: Kind) -> dict[str, Step]:
        """The steps of an action, in order."""
        make: dict[str, Step] = {
            "inbox": self.open_inbox,
            "repos": self.seed_repos,
            "folders": self.make_folders,
            "credentials": self.make_credentials,
            "container": self.make_container,
            "start": self.start,
        }
        unmake: dict[str, Step] = {
            "container": self.destroy_container,
            "credentials": self.revoke_credentials,
            "inbox": self.close_inbox,
            "repos": self.remove_repos,
            "folders": self.remove_folders,
        }
        plans: dict[Kind, dict[str, Step]] = {
            Kind.SPAWN: make,
            Kind.START: make,
            Kind.STOP: {"stop": self.stop},
            Kind.KILL: {"kill": self.kill},
            Kind.RESTART: {"stop": self.stop, **make},
            Kind.DESTROY: unmake,
        }
        return plans[kind]

    async def open_inbox(self, action: Action) -> None:
        """Ask the broker until it is done; once is enough."""
        if (await self._agent(action)).reachable:
            return
        await self.bus.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=action.agent))
        await self._change(action, reachable=1)

    async def seed_repos(self, action: Action) -> None:
        """Both repositories exist; agents from before there were any get them too."""
        agent = await self._agent(action)
        if agent.revision is not None:
            return
        request = approvals.SeedRequest(agent=agent.name, role=agent.role, requested_by=action.requested_by)
        seeded = await self.bus.call_persistently(approvals.SEED_REPOS, request)
        await self._change(action, revision=seeded.commit[:_REVISION_LENGTH])

    async def make_folders(self, action: Action) -> None:
        """Folders, settings and secrets."""
        agent, owner = await self._agent(action), await self._owner(action.agent)
        await asyncio.to_thread(self._write_files, agent, owner)

    async def make_credentials(self, action: Action) -> None:
        """Credentials that NATS accepts."""
        owner = await self._owner(action.agent)
        path = self.layout.creds(action.agent)
        await self.credentials.ensure(self.database, action.agent, path, None if owner is None else owner.uid)

    async def make_container(self, action: Action) -> None:
        """The runtime knows how to start it."""
        agent, owner = await self._agent(action), await self._owner(action.agent)
        await self.runtime.create(self._plan.spec(agent, owner))
        if agent.container is ContainerState.ABSENT:
            await self._note(action, ContainerState.STOPPED)

    async def start(self, action: Action) -> None:
        """Running, and its harness answers."""
        async with self._starts:
            # Shielded: a start that is given up on still ends before a stop of the same agent begins.
            await asyncio.shield(self.runtime.start(action.agent))
            await self._note(action, ContainerState.RUNNING, exit=None)
            status = await wait_until_ready(self.bus, self.runtime, action.agent, self.settings.ready_seconds)
        await self._change(action, logged_in=_as_column(status.logged_in))

    async def stop(self, action: Action) -> None:
        """Not running; it had time to end its turn."""
        await self.runtime.stop(action.agent, self.settings.grace_seconds)
        await self._note_stopped(action)

    async def kill(self, action: Action) -> None:
        """Not running."""
        await self.runtime.kill(action.agent)
        await self._note_stopped(action)

    async def destroy_container(self, action: Action) -> None:
        """The runtime knows nothing of it."""
        await self.runtime.destroy(action.agent, purge=action.purge)
        await self._note(action, ContainerState.ABSENT, exit=None)

    async def revoke_credentials(self, action: Action) -> None:
        """No credentials that it ever had are worth anything."""
        await revoke_all(self.database, self.bus, action.agent)

    async def close_inbox(self, action: Action) -> None:
        """Nobody can write to it; its mail is kept."""
        await self.bus.call_persistently(broker.CLOSE_INBOX, broker.InboxName(name=action.agent))

    async def remove_repos(self, action: Action) -> None:
        """Its configuration is gone, if that was asked for."""
        if action.purge:
            await self.bus.call_persistently(approvals.REMOVE_REPOS, approvals.ReposRequest(agent=action.agent))

    async def remove_folders(self, action: Action) -> None:
        """Credentials and secrets are gone; state, login and history too, if that was asked for."""
        await asyncio.to_thread(self.layout.remove, action.agent, purge=action.purge)
        if action.purge:
            await asyncio.to_thread(self.secrets.forget, action.agent)

    async def hand_over_secrets(self, name: str) -> bool:
        """Bring one agent's secrets in line, where it has its folders; whether anything changed."""
        owner = await self._owner(name)
        folder = self.layout.secrets(name)
        if not folder.is_dir():
            return False
        return await asyncio.to_thread(self.secrets.hand_over, name, folder, None if owner is None else owner.uid)

    @property
    def separate_users(self) -> bool:
        """Whether every agent has a user of its own."""
        return self.runtime.capabilities().separate_users

    @property
    def _plan(self) -> HarnessPlan:
        return HarnessPlan(self.settings, self.layout, self.runtime)

    def _write_files(self, agent: agents.Agent, owner: Owner | None) -> None:
        self.layout.make(agent.name, owner)
        write_if_changed(self.layout.settings(agent.name), self._plan.settings_file(agent), 0o644)
        self.secrets.hand_over(agent.name, self.layout.secrets(agent.name), None if owner is None else owner.uid)

    async def _owner(self, name: str) -> Owner | None:
        if not self.separate_users:
            return None
        users = self.settings.uids
        allowed = uids.UidRange(users.first, users.last)
        uid = await self.database.read(lambda c: uids.find(c, name))
        if uid is None:
            uid = await self.database.write(lambda c: uids.choose(c, name, allowed))
        return Owner(uid, users.group)

    async def _agent(self, action: Action) -> agents.Agent:
        return await self.database.read(lambda c: agents.get(c, action.agent))

    async def _change(self, action: Action, **columns: str | int | None) -> None:
        await self.database.write(lambda c: agents.change(c, action.agent, **columns))

    async def _note(self, action: Action, state: ContainerState, **columns: str | int | None) -> None:
        await self.database.write(lambda c: agents.set_container(c, action.agent, state, clock.now(), **columns))

    async def _note_stopped(self, action: Action) -> None:
        await self.database.write(lambda c: _stopped(c, action.agent))


def _stopped(connection: Connection, name: str) -> None:
    """An agent that has no container yet stays so; a stop is no crash, and what went before is over."""
    if agents.get(connection, name).container is not ContainerState.ABSENT:
        agents.set_container(connection, name, ContainerState.STOPPED, clock.now(), exit=None, restarts=0)


def _as_column(logged_in: bool | None) -> int | None:
    return None if logged_in is None else int(logged_in)
