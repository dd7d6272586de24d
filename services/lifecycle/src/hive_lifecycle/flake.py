"""The steps that move the swarm's flake on for an agent and build its system: prepare, build, finalize, and back.

Builds run one after another, and before anything that runs is touched. Where the runtime builds nothing the flake is
kept all the same, as the record of what is deployed; a flake that can't be locked is no obstacle there.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import ContainerState
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, built_config
from hive_lifecycle.actions import Action, Built, Kind
from hive_lifecycle.agents import Agent
from hive_lifecycle.deploys import short
from hive_lifecycle.lock import hyperhive_at
from hive_lifecycle.meta import MetaError, Pin
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

FINALIZE = "finalize"
SAME = "nothing differs in what was built; not restarted"


@dataclass
class BuildTurn:
    """Who builds: one at a time."""

    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _agent: str | None = None

    @asynccontextmanager
    async def taken(self, action: Action, steps: Steps) -> AsyncGenerator[None]:
        """Wait for it, and say for whom."""
        if self._lock.locked():
            steps.say(action, f"build: waiting for the build of {self._agent} to end")
        async with self._lock:
            self._agent = action.agent
            yield


@dataclass(frozen=True)
class FlakeSteps:
    """Steps, with what all steps work with."""

    steps: Steps
    turn: BuildTurn

    async def prepare(self, action: Action) -> None:
        """A worktree of the flake has the agent locked to the commit that this action wants."""
        folder = await self._prepared(action)
        if folder is not None and not self._builds:
            await self._note(action, Built(built_with=await asyncio.to_thread(hyperhive_at, folder)))

    async def build(self, action: Action) -> str | None:
        """Its system is built, where the runtime builds any. Where that, and all else that a start would use, is what
        runs already, nothing is restarted."""
        folder = await self._prepared(action, again=True) if self._builds else None
        if folder is None:
            return None
        built = await self._build(action, folder)
        await self._note(action, built)
        if not await self._runs_already(action, built):
            return None
        await self.steps.configure(action)
        await self.steps.database.write(lambda c: actions.annotate(c, action, SAME))
        self.steps.say(action, f"build: {SAME}")
        return FINALIZE

    async def prepare_missing(self, action: Action) -> None:
        """As `prepare`, for an agent that has no system or is not locked yet."""
        if await self._is_missing(action):
            await self.prepare(action)

    async def build_missing(self, action: Action) -> None:
        """As `build`, for such an agent."""
        if await self._is_missing(action):
            await self.build(action)

    async def finalize(self, action: Action) -> None:
        """The flake has what was prepared, if anything was; the agent has what was built."""
        built, agent = await self.steps.built(action), await self.steps.agent(action)
        if built is None and not await self._is_missing(action):
            return
        try:
            async with self.steps.lock.changing():
                head = await self.steps.meta.finalize(action.key, _message(action, agent))
                await self.steps.database.write(lambda c: _take_over(c, action, built))
        except MetaError as refusal:
            self._go_on_without(action, refusal)
            await self.steps.database.write(lambda c: _take_over(c, action, built))
        else:
            if head is not None:
                self.steps.say(action, f"finalize: the swarm's flake is at {short(head)}")
        await self.steps.lock.refresh()

    async def abort(self, action: Action) -> None:
        """Nothing is left of what was prepared; where that fails it is tried again at the service's next start."""
        try:
            await self.steps.meta.abort(action.key)
        except Refusal as refusal:
            log.warning("prepared_lock_left", action=action.id, error=refusal.message)

    async def undo(self, action: Action) -> None:
        """As `abort`; and the flake has the agent where it was before, also when it had moved on already."""
        await self.abort(action)
        try:
            locked, agent = (await self.steps.meta.revisions()).get(action.agent), await self.steps.agent(action)
            if None not in (locked, agent.commit) and locked != agent.commit:
                key = f"{action.key}-back"
                pins = {agent.name: await self._pin(agent)}
                async with self.steps.lock.changing():
                    await self.steps.meta.prepare(key, pins, output=self.steps.outputs.of(action))
                    await self.steps.meta.finalize(key, f"roll back agent-{agent.name}: {agent.revision}")
        except Refusal as refusal:
            self._go_on_without(action, refusal)
        await self.steps.lock.refresh()

    async def remove(self, action: Action) -> None:
        """The flake has no such agent. A lock that can't be changed keeps nobody from going: the flake is made to fit
        the list of agents at the service's next start."""
        await self.abort(action)
        try:
            async with self.steps.lock.changing():
                await self.steps.meta.remove(action.agent)
        except Refusal as refusal:
            self.steps.say(action, f"flake: {refusal.message}")
            log.warning("agent_left_in_flake", agent=action.agent, error=refusal.message)

    async def _prepared(self, action: Action, *, again: bool = False) -> Path | None:
        agent = await self.steps.agent(action)
        try:
            await self.steps.lock.ensure()
            pin = await self._pin(agent)
            output = self.steps.outputs.of(action)
            folder = await self.steps.meta.prepare(action.key, {agent.name: pin}, output=output)
        except Refusal as refusal:
            self._go_on_without(action, refusal)
            return None
        if not again:
            self.steps.say(action, f"prepare: agent-{agent.name} locked to {short(pin.commit)}")
        return folder

    async def _build(self, action: Action, folder: Path) -> Built:
        async with self.turn.taken(action, self.steps):
            self.steps.say(action, "build: begins")
            system = await self.steps.runtime.build(action.agent, folder, self.steps.outputs.of(action))
        self.steps.say(action, f"build: {system}")
        config = None if system is None else await asyncio.to_thread(built_config.read, system)
        with_what = await asyncio.to_thread(hyperhive_at, folder)
        return Built(system, with_what, None if config is None else config.model_dump_json())

    async def _note(self, action: Action, built: Built) -> None:
        await self.steps.database.write(lambda c: actions.note_built(c, action, built))

    async def _pin(self, agent: Agent) -> Pin:
        """Refuses `no_repo`."""
        pin = None if agent.commit is None else await self.steps.branch_of(agent.name, agent.commit)
        if pin is None:
            text = f"the applied repository of {agent.name} has no commit {agent.revision}; rebuild it to recover"
            raise Refusal(ErrorCode.NO_REPO, text, agent=agent.name)
        return pin

    async def _runs_already(self, action: Action, built: Built) -> bool:
        if not self._builds or action.kind not in {Kind.DEPLOY, Kind.UPDATE}:
            return False
        agent = await self.steps.agent(action)
        if not agent.wanted or agent.container is not ContainerState.RUNNING or agent.system != built.system:
            return False
        same = agent.started_with == await self.steps.digest_now(agent)
        return same and await self.steps.is_running(agent.name)

    async def _is_missing(self, action: Action) -> bool:
        agent = await self.steps.agent(action)
        return agent.system is None if self._builds else agent.locked is None

    def _go_on_without(self, action: Action, refusal: Refusal) -> None:
        """Raises it where the flake is needed."""
        if self._builds:
            raise refusal
        self.steps.say(action, f"flake: {refusal.message}")
        log.warning("flake_not_moved", action=action.id, agent=action.agent, error=refusal.message)

    @property
    def _builds(self) -> bool:
        return self.steps.runtime.capabilities().builds


def _take_over(connection: Connection, action: Action, built: Built | None) -> None:
    """What was built is the agent's, and what was deployed."""
    built = built or Built()
    columns = actions.columns(connection, action)
    if built.config is not None:
        columns["config"] = built.config
    agents.change(connection, action.agent, **{**columns, "system": built.system, "built_with": built.built_with})


def _message(action: Action, agent: Agent) -> str:
    cause = "" if action.approval is None else f" (approval {action.approval})"
    return f"{action.kind} agent-{agent.name}: {agent.revision}{cause}"
