"""The steps that actions are made of. Each may be taken again after it was done or half done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import structlog
from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_kit.files import write_if_changed
from hive_kit.version import VERSION
from hive_wire import approvals, broker
from hive_wire.lifecycle import ContainerState
from hive_wire.live import AgentStatus
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, clock, deploys, uids
from hive_lifecycle.actions import Action, short
from hive_lifecycle.credentials import Credentials, revoke_all
from hive_lifecycle.harness import HarnessPlan, check_health, read_config, turn_ended, wait_until_ready
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.notices import note_login, note_update
from hive_lifecycle.runtimes import Runtime, StartFailed
from hive_lifecycle.secrets import Secrets
from hive_lifecycle.settings import LifecycleSettings

log = structlog.get_logger()

Step: TypeAlias = Callable[[Action], Awaitable[None]]


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

    async def open_inbox(self, action: Action) -> None:
        """Ask the broker until it is done; once is enough."""
        agent = await self._agent(action)
        if not agent.reachable:
            await self._open_inbox(agent)

    async def seed_repos(self, action: Action) -> None:
        """Both repositories exist; agents from before there were any get them too."""
        agent = await self._agent(action)
        if agent.revision is not None:
            return
        request = approvals.SeedRequest(agent=agent.name, role=agent.role, requested_by=action.requested_by)
        seeded = await self.bus.call_persistently(approvals.SEED_REPOS, request)
        config = seeded.config.model_dump_json()
        if seeded.config.messages.allow is not None:
            await self._open_inbox(replace(agent, config=config))
        await self._change(action, revision=short(seeded.commit), config=config)

    async def make_folders(self, action: Action) -> None:
        """Folders, settings and secrets."""
        agent, owner = await self._agent(action), await self.owner(action.agent)
        await asyncio.to_thread(self._write_files, agent, owner)

    async def make_credentials(self, action: Action) -> None:
        """Credentials that NATS accepts."""
        owner = await self.owner(action.agent)
        path = self.layout.creds(action.agent)
        await self.credentials.ensure(self.database, action.agent, path, None if owner is None else owner.uid)

    async def make_container(self, action: Action) -> None:
        """The runtime knows how to start it."""
        agent, owner = await self._agent(action), await self.owner(action.agent)
        await self.runtime.create(self._plan.spec(agent, owner))
        if agent.container is ContainerState.ABSENT:
            await self._note(action, ContainerState.STOPPED)

    async def start(self, action: Action) -> None:
        """Running, and its harness answers."""
        agent = await self._agent(action)
        digest = await self._digest(agent)
        async with self._starts:
            if (await self.runtime.status(action.agent)).state != "running":
                await self._change(action, started_with=digest)
            # Shielded: a start that is given up on still ends before a stop of the same agent begins.
            await asyncio.shield(self.runtime.start(action.agent))
            await self._note(action, ContainerState.RUNNING, exit=None)
            status = await wait_until_ready(self.bus, self.runtime, action.agent, self.settings.ready_seconds)
        await self.database.write(lambda c: _take_report(c, action.agent, status, digest))

    async def settle(self, action: Action) -> None:
        """Its turn had time to end, and it is stopped; mail of a turn that did not end comes back at the next start."""
        if not await turn_ended(self.bus, action.agent, self.settings.turn_seconds):
            log.info("turn_cut_off", agent=action.agent, action=action.id)
        await self.stop(action)

    async def configure(self, action: Action) -> None:
        """All that lies on the host for it says what this action wants."""
        await self._open_inbox(await self._agent(action))
        await self.make_folders(action)
        await self.make_credentials(action)
        await self.make_container(action)

    async def start_if_wanted(self, action: Action) -> None:
        """As `start`, unless the operator stopped it."""
        if (await self._agent(action)).wanted:
            await self.start(action)

    async def check_health(self, action: Action) -> None:
        """It stays up and answers, if it was started."""
        if (await self._agent(action)).wanted:
            await check_health(self.bus, self.runtime, action.agent, self.settings.steady_seconds)

    def notes(self, connection: Connection, action: Action) -> list[str]:
        """What approvals should know beside, when the action carries out an approval."""
        if action.approval is None:
            return []
        agent = _as_wanted(connection, replace(action, wrong=None))
        try:
            return self._plan.notes(read_config(agent.config), wanted=agent.wanted)
        except StartFailed:
            return []  # that is the action's error already

    async def observe(self, name: str, status: AgentStatus) -> None:
        """Take note of what a harness says of itself."""
        agent = await self.database.read(lambda c: agents.find(c, name))
        if agent is None:
            return
        try:
            digest = await self._digest(agent)
        except StartFailed:
            digest = None
        await self.database.write(lambda c: _take_late_report(c, name, status, digest))

    async def stop(self, action: Action) -> None:
        """Not running; it had time to end its turn."""
        await self.runtime.stop(action.agent, self.settings.grace_seconds)
        await self._note_stopped(action)

    async def kill(self, action: Action) -> None:
        """Not running."""
        await self.runtime.kill(action.agent)
        await self._note_stopped(action)

    async def destroy_container(self, action: Action) -> None:
        """The runtime knows nothing of it; its log stays unless it is purged."""
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
        owner = await self.owner(name)
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

    async def owner(self, name: str) -> Owner | None:
        """The user that an agent of that name has or will have."""
        if not self.separate_users:
            return None
        users = self.settings.uids
        allowed = uids.UidRange(users.first, users.last)
        uid = await self.database.read(lambda c: uids.find(c, name))
        if uid is None:
            uid = await self.database.write(lambda c: uids.choose(c, name, allowed))
        return Owner(uid, users.group)

    async def _agent(self, action: Action) -> agents.Agent:
        return await self.database.read(lambda c: _as_wanted(c, action))

    async def _digest(self, agent: agents.Agent) -> str:
        owner = await self.owner(agent.name)
        return await asyncio.to_thread(self._plan.digest, agent, owner)

    async def _open_inbox(self, agent: agents.Agent) -> None:
        allowed = read_config(agent.config).messages.allow
        request = broker.InboxName(name=agent.name, may_write_to=allowed)
        await self.bus.call_persistently(broker.OPEN_INBOX, request)
        await self.database.write(lambda c: agents.change(c, agent.name, reachable=1))

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


def _as_wanted(connection: Connection, action: Action) -> agents.Agent:
    """The agent with the configuration that an action gives it; when it is undone, the one it had before."""
    agent = agents.get(connection, action.agent)
    if action.approval is None or action.wrong is not None:
        return agent
    deploy = deploys.get(connection, action.approval)
    return replace(agent, revision=short(deploy.commit), config=deploy.config)


def _take_report(connection: Connection, name: str, status: AgentStatus, digest: str | None) -> None:
    """`digest` is of what a start now would use; None when nothing could be started."""
    note_login(connection, name, status.logged_in)
    started_with = agents.get(connection, name).started_with
    other_settings = None not in (digest, started_with) and digest != started_with
    note_update(connection, name, other_settings or status.version not in (None, VERSION))


def _take_late_report(connection: Connection, name: str, status: AgentStatus, digest: str | None) -> None:
    """A report that came by itself. While an action is at work, what a start would use is not settled."""
    if agents.find(connection, name) is None:
        return
    if actions.in_flight(connection, name) is None:
        _take_report(connection, name, status, digest)
    else:
        note_login(connection, name, status.logged_in)
