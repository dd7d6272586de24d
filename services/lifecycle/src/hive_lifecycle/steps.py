"""The steps that actions are made of. Each may be taken again after it was done or half done."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import structlog
from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_kit.files import write_if_changed
from hive_wire import approvals, broker
from hive_wire.lifecycle import ContainerState
from hive_wire.live import AgentStatus
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, clock, deploys, uids
from hive_lifecycle.actions import Action, Built
from hive_lifecycle.branches import find_pin
from hive_lifecycle.credentials import Credentials
from hive_lifecycle.deploys import short
from hive_lifecycle.harness import HarnessPlan, check_health, read_config, turn_ended, wait_until_ready
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.lock import Lock
from hive_lifecycle.meta import Meta, Pin
from hive_lifecycle.notices import note_late_report, note_report
from hive_lifecycle.output import Outputs
from hive_lifecycle.runtimes import Runtime, StartFailed
from hive_lifecycle.secrets import Secrets
from hive_lifecycle.settings import LifecycleSettings

log = structlog.get_logger()

Step: TypeAlias = Callable[[Action], Awaitable[str | None]]
"""Returns the name of the step to go on with where that is not the following one."""


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
    meta: Meta
    lock: Lock = field(init=False)
    outputs: Outputs = field(init=False)
    _starts: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._starts = asyncio.Semaphore(self.settings.parallel_starts)
        self.outputs = Outputs(self.database)
        self.lock = Lock(self.database, self.meta, self.layout.applied, self.digest_now)

    async def open_inbox(self, action: Action) -> None:
        """Ask the broker until it is done; once is enough."""
        agent = await self.agent(action)
        if not agent.reachable:
            await self._open_inbox(agent)

    async def seed_repos(self, action: Action) -> None:
        """Both repositories exist, and what is deployed is known; agents from before there were any get them too."""
        agent = await self.agent(action)
        if agent.commit is None:
            await self._take_over(action, agent, await self._seed(action, agent))

    async def recover_repos(self, action: Action) -> None:
        """As `seed_repos`; and where the applied repository has lost what is deployed, what it has now is deployed."""
        agent = await self.agent(action)
        seeded = await self._seed(action, agent)
        if agent.commit is not None:
            if await self.branch_of(agent.name, agent.commit) is not None:
                return
            self.say(action, f"repos: {agent.revision} is gone; {short(seeded.commit)} takes its place")
        await self._take_over(action, agent, seeded)

    async def make_folders(self, action: Action) -> None:
        """Folders, settings and secrets."""
        agent, owner = await self.agent(action), await self.owner(action.agent)
        await asyncio.to_thread(self._write_files, agent, owner)

    async def make_credentials(self, action: Action) -> None:
        """Credentials that NATS accepts."""
        owner = await self.owner(action.agent)
        path = self.layout.creds(action.agent)
        await self.credentials.ensure(self.database, action.agent, path, None if owner is None else owner.uid)

    async def install(self, action: Action) -> None:
        """The runtime knows what to start and how; where it can, one that runs is switched to it."""
        agent, owner = await self.agent(action), await self.owner(action.agent)
        built = await self.built(action)
        system = agent.system if built is None else built.system
        if system is not None:
            self.say(action, f"install: {system}")
        await self.runtime.install(self._plan.spec(agent, owner), system, self.outputs.of(action))
        if agent.container is ContainerState.ABSENT:
            await self.note(action, ContainerState.STOPPED)
        if self._switches and await self.is_running(action.agent):
            await self._change(action, started_with=await self.digest(agent))

    async def start(self, action: Action) -> None:
        """Running, and its harness answers."""
        agent = await self.agent(action)
        digest = await self.digest(agent)
        async with self._starts:
            self.say(action, f"start: waiting up to {self.settings.ready_seconds:g} s for its harness to answer")
            if (await self.runtime.status(action.agent)).state != "running":
                await self._change(action, started_with=digest)
            # Shielded: a start that is given up on still ends before a stop of the same agent begins.
            await asyncio.shield(self.runtime.start(action.agent))
            await self.note(action, ContainerState.RUNNING, exit=None)
            status = await wait_until_ready(self.bus, self.runtime, action.agent, self.settings.ready_seconds)
        built = await self.built(action)
        moved = self.lock.moved_since(agent.built_with if built is None else built.built_with)
        await self.database.write(lambda c: note_report(c, action.agent, status, digest, moved=moved))
        self.say(action, "start: it answers")

    async def settle(self, action: Action) -> None:
        """Its turn had time to end, and it is stopped unless what is installed is switched to while it runs; mail of a
        turn that did not end comes back at the next start."""
        seconds = self.settings.turn_seconds
        if await self.is_running(action.agent):
            self.say(action, f"settle: waiting up to {seconds:g} s for its turn to end")
            if not await turn_ended(self.bus, action.agent, seconds):
                self.say(action, "settle: its turn is cut off")
                log.info("turn_cut_off", agent=action.agent, action=action.id)
        await self.stop_unless_switched(action)

    async def stop_unless_switched(self, action: Action) -> None:
        """Not running, where the runtime can't switch what runs."""
        if not self._switches:
            await self.stop(action)

    async def configure(self, action: Action) -> None:
        """All that lies on the host for it says what this action wants."""
        self.say(action, "configure: inbox, folders, settings, credentials")
        await self._open_inbox(await self.agent(action))
        await self.make_folders(action)
        await self.make_credentials(action)

    async def start_if_wanted(self, action: Action) -> None:
        """As `start`, unless the operator stopped it."""
        if (await self.agent(action)).wanted:
            await self.start(action)

    async def check_health(self, action: Action) -> None:
        """It stays up and answers, if it was started."""
        if (await self.agent(action)).wanted:
            await check_health(self.bus, self.runtime, action.agent, self.settings.steady_seconds)
            self.say(action, "health: it runs and serves its tools")

    def notes(self, connection: Connection, action: Action) -> list[str]:
        """What approvals should know beside, when the action carries out an approval."""
        if action.approval is None:
            return []
        agent = _as_wanted(connection, replace(action, wrong=None))
        noted = actions.note_of(connection, action)
        try:
            notes = self._plan.notes(read_config(agent.config), wanted=agent.wanted)
        except StartFailed:
            notes = []  # that is the action's error already
        return notes if noted is None else [*notes, noted]

    async def observe(self, name: str, status: AgentStatus) -> None:
        """Take note of what a harness says of itself."""
        agent = await self.database.read(lambda c: agents.find(c, name))
        if agent is None:
            return
        digest, moved = await self.digest_now(agent), self.lock.moved_since(agent.built_with)
        await self.database.write(lambda c: note_late_report(c, name, status, digest, moved=moved))

    async def stop(self, action: Action) -> None:
        """Not running; it had time to end its turn."""
        if await self.is_running(action.agent):
            self.say(action, f"stop: it has {self.settings.grace_seconds:g} s to end")
        await self.runtime.stop(action.agent, self.settings.grace_seconds)
        await self._note_stopped(action)

    async def kill(self, action: Action) -> None:
        """Not running."""
        await self.runtime.kill(action.agent)
        await self._note_stopped(action)

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

    async def agent(self, action: Action) -> agents.Agent:
        """The agent as this action wants it."""
        return await self.database.read(lambda c: _as_wanted(c, action))

    async def built(self, action: Action) -> Built | None:
        """What was built for this action; None where nothing was, and while it is undone."""
        return await self.database.read(lambda c: actions.built(c, action))

    async def digest(self, agent: agents.Agent) -> str:
        """Of all that a start now would use. Raises StartFailed for a configuration that can't be used."""
        owner = await self.owner(agent.name)
        return await asyncio.to_thread(self._plan.digest, agent, owner)

    async def digest_now(self, agent: agents.Agent) -> str | None:
        """The same; None where nothing could be started."""
        try:
            return await self.digest(agent)
        except StartFailed:
            return None

    async def branch_of(self, name: str, commit: str) -> Pin | None:
        """Where the agent's applied repository has that commit."""
        return await asyncio.to_thread(find_pin, self.layout.applied / name, commit)

    async def is_running(self, name: str) -> bool:
        return (await self.runtime.status(name)).state == "running"

    def say(self, action: Action, text: str) -> None:
        """A line in the action's output."""
        self.outputs.of(action).say(text)

    @property
    def _switches(self) -> bool:
        return self.runtime.capabilities().switches_running

    async def _seed(self, action: Action, agent: agents.Agent) -> approvals.SeedReply:
        request = approvals.SeedRequest(agent=agent.name, role=agent.role, requested_by=action.requested_by)
        return await self.bus.call_persistently(approvals.SEED_REPOS, request)

    async def _take_over(self, action: Action, agent: agents.Agent, seeded: approvals.SeedReply) -> None:
        """What approvals says is deployed."""
        config = seeded.config.model_dump_json()
        if seeded.config.messages.allow is not None:
            await self._open_inbox(replace(agent, config=config))
        await self._change(action, commit_id=seeded.commit, revision=short(seeded.commit), config=config)

    async def _open_inbox(self, agent: agents.Agent) -> None:
        allowed = read_config(agent.config).messages.allow
        request = broker.InboxName(name=agent.name, may_write_to=allowed)
        await self.bus.call_persistently(broker.OPEN_INBOX, request)
        await self.database.write(lambda c: agents.change(c, agent.name, reachable=1))

    async def _change(self, action: Action, **columns: str | int | None) -> None:
        await self.database.write(lambda c: agents.change(c, action.agent, **columns))

    async def note(self, action: Action, state: ContainerState, **columns: str | int | None) -> None:
        """Tell what became of its container."""
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
    if action.wrong is not None:
        return agent
    if action.approval is not None:
        deploy = deploys.get(connection, action.approval)
        agent = replace(agent, commit=deploy.commit, revision=short(deploy.commit), config=deploy.config)
    built = actions.built(connection, action)
    return agent if built is None or built.config is None else replace(agent, config=built.config)
