"""Takes the steps of actions: one task for each action, any number of agents side by side.

After each step the row says which is next; so an action that the service's end cut off goes on from there.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted, ContainerState
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, clock, deploy_queue, deploys, output, spawning
from hive_lifecycle.actions import Action, Ended, Kind
from hive_lifecycle.flake import BuildTurn, FlakeSteps
from hive_lifecycle.outcome import is_gone, sentence, why
from hive_lifecycle.plans import RESUMED_AT, Plans, Way
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.removal import Removal
from hive_lifecycle.runtimes import StillRunning
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

T = TypeVar("T")

ITSELF = "lifecycle"
_FIRST_STEP_SECONDS = 1.0


@dataclass(frozen=True)
class _Failure:
    step: str
    text: str


@dataclass
class Runner:
    """Begins actions and carries them to their end."""

    steps: Steps
    ports: PortPlan
    after: list[Callable[[str], None]] = field(default_factory=list[Callable[[str], None]])
    """Called with the agent's name when an action on it has ended."""
    at_end: list[Callable[[Connection, Ended], None]] = field(default_factory=list[Callable[[Connection, Ended], None]])
    """Called in the transaction that ends an action."""
    plans: Plans = field(init=False)
    suspended: bool = False
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, asyncio.Task[None]])
    _first_step: dict[int, asyncio.Event] = field(default_factory=dict[int, asyncio.Event])

    def __post_init__(self) -> None:
        self.plans = Plans(self.steps, FlakeSteps(self.steps, BuildTurn()), Removal(self.steps))

    async def spawn(self, name: str, by: str) -> Accepted:
        """Make a new agent. Returns when its inbox is open, or a little later when that takes longer."""
        self._check_not_suspended()
        spawning.check_form(name, self.steps.runtime.capabilities().max_name_length)
        exists = await self._database.read(lambda c: agents.find(c, name)) is not None
        kept = not exists and await asyncio.to_thread(self.steps.layout.is_kept, name)
        action = await self._database.write(
            lambda c: spawning.spawn(c, name, self.ports, by, clock.now(), kept=kept), then=self.launch
        )
        await self._first_step_of(action)
        return await self._accepted(action.id, name)

    async def order(self, name: str, kind: Kind, by: str, *, purge: bool = False) -> Accepted:
        """Begin an action on an agent that exists. Refusals as of `actions.order`."""
        self._check_not_suspended()
        action = await self._database.write(
            lambda c: actions.order(c, name, kind, by, clock.now(), purge=purge),
            then=self.launch,
        )
        return await self._accepted(action if isinstance(action, int) else action.id, name)

    async def begin_deploy(self, name: str) -> None:
        """Begin what waits for that agent, when nothing else is done to it; otherwise the end of that begins it."""
        if self.suspended:
            return
        kept = await asyncio.to_thread(self.steps.layout.is_kept, name)
        await self._database.write(
            lambda c: deploy_queue.begin_next(c, name, self.ports, clock.now(), kept=kept), then=self.launch
        )

    async def revive(self, name: str, *, crashed: bool) -> None:
        """Start an agent that shall run and does not, unless something else is done to it just now."""
        if self.suspended:
            return
        action = await self._database.write(lambda c: _revive(c, name, crashed), then=self.launch)
        if action is not None:
            log.info("agent_revived", agent=name, after_crash=crashed, action=action.id)

    async def recover(self) -> None:
        """At the service's start: bring what is stored in line with what runs, and go on with what was cut off."""
        unfinished = await self._database.read(actions.unfinished)
        for action in unfinished:
            log.info("action_resumed", action=action.id, agent=action.agent, kind=action.kind, step=action.step)
            where = action.step or "its first step"
            how = "goes on being undone" if action.wrong else "goes on"
            self.steps.say(action, f"the service was stopped here; the {action.kind} {how}, from: {where}")
            self.launch(action)
        for name in await self._database.read(deploys.waited_for):
            await self.begin_deploy(name)
        busy = {action.agent for action in await self._database.read(actions.unfinished)}
        for agent in await self._database.read(agents.everyone):
            await self._database.write(lambda c, agent=agent: _move_port(c, agent, self.ports.port_of(agent.name)))
            if agent.name not in busy:
                await self._adopt(agent)
        await self._database.write(
            lambda c: spawning.spawn_manager(c, self.ports, ITSELF, clock.now()), then=self.launch
        )

    async def suspend(self) -> None:
        """Stop everything but keep in mind what shall run. From now on nothing is begun; what is cut off goes on
        at the next start."""
        self.suspended = True
        await self.stop()
        names = await self._database.read(agents.names)
        await asyncio.gather(*(self._suspend(name) for name in names))
        log.info("suspended", agents=len(names))

    async def stop(self) -> None:
        """Leave all actions where they are."""
        running = list(self._tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.steps.outputs.finish()

    def launch(self, begun: Action | int | None) -> None:
        """Take the steps of an action just begun, from where it is; an id means that there is nothing to do."""
        if not isinstance(begun, Action) or self.suspended:
            return
        first_step = self._first_step[begun.id] = asyncio.Event()
        task = asyncio.create_task(self._run(begun, first_step), name=f"{begun.kind} {begun.agent}")
        self._tasks[begun.id] = task

        def forget(_task: asyncio.Task[None]) -> None:
            first_step.set()
            del self._tasks[begun.id], self._first_step[begun.id]

        task.add_done_callback(forget)

    async def _first_step_of(self, action: Action) -> None:
        first_step = self._first_step.get(action.id)
        if first_step is None:
            return
        try:
            await asyncio.wait_for(first_step.wait(), _FIRST_STEP_SECONDS)
        except TimeoutError:
            log.info("inbox_opens_later", agent=action.agent)

    async def _run(self, begun: Action, first_step: asyncio.Event) -> None:
        printed = self.steps.outputs.of(begun)
        printed.begin()
        action, failed = await self._carry_out(begun, first_step)
        await printed.finish()

        def end(connection: Connection) -> tuple[str | None, Action | None]:
            error, now = sentence(connection, action, failed), clock.now()
            last = output.line(f"failed: {error}" if error else "done", ours=True)
            output.store(connection, action, [*printed.waiting, last])
            ended = Ended(action, error, is_gone(action, failed), now)
            output.prune(connection, action.agent, keep=1 if ended.gone and action.purge else output.KEPT_ACTIONS)
            actions.end(connection, ended, self.steps.notes(connection, action))
            for note in self.at_end:
                note(connection, ended)
            if self.suspended:
                return error, None
            return error, deploy_queue.begin_next(connection, action.agent, self.ports, now)

        point(f"{action.kind}.finish:before")
        error, _ = await self._write_persistently(end, lambda ended: self.launch(ended[1]))
        self.steps.outputs.forget(action)
        point(f"{action.kind}.finish:after")
        log.info("action_ended", action=action.id, agent=action.agent, kind=action.kind, error=error)
        for tell in self.after:
            tell(action.agent)

    async def _carry_out(self, action: Action, first_step: asyncio.Event) -> tuple[Action, str | None]:
        """Take the steps there and, when they fail, the steps back. The action with what went `wrong`, and why its
        last steps failed, if they did."""
        plan = self.plans.of(action)
        if action.wrong is None:
            failure = await self._take_steps(action, plan.forward, first_step)
            back = {} if failure is None else plan.way_back(failure.step)
            if failure is None or not back:
                return action, None if failure is None else failure.text
            log.warning("action_turns_back", action=action.id, agent=action.agent, kind=action.kind, error=failure.text)
            self.steps.say(action, f"{failure.step}: {failure.text}")
            first, wrong = next(iter(back)), failure.text
            action = await self._write_persistently(lambda c: actions.turn_back(c, action, first, wrong))
        failure = await self._take_steps(action, plan.resumed_back(action.step), first_step)
        return action, None if failure is None else failure.text

    async def _write_persistently(self, work: Callable[[Connection], T], then: Callable[[T], None] | None = None) -> T:
        """What must be stored for an action to go on; on a full disk it is tried again until it fits."""
        while True:
            try:
                return await self._database.write(work, then)
            except Refusal as refusal:
                log.error("action_waits", code=refusal.code)
                await asyncio.sleep(1.0)

    async def _take_steps(self, action: Action, steps: Way, first_step: asyncio.Event) -> _Failure | None:
        """Which step failed and why; None when none did."""
        names = list(steps)
        resumed = RESUMED_AT.get(action.step or "", action.step)
        step = resumed if resumed in steps else names[0]
        try:
            while True:
                point(f"{action.kind}.{step}:before")
                following = await steps[step](action) or next(iter(names[names.index(step) + 1 :]), None)
                point(f"{action.kind}.{step}:after")
                if following is None:
                    first_step.set()
                    return None
                await self._reach(action, following)
                first_step.set()
                step = following
        except Exception as error:  # the edge of a background task: the action must end
            text = why(error)
            if text is None:
                log.error("action_failed", action=action.id, agent=action.agent, kind=action.kind, exc_info=error)
                text = f"a fault of ours ({type(error).__name__}); the service's log has it"
            return _Failure(step, text)

    async def _reach(self, action: Action, step: str) -> None:
        await self._database.write(lambda c: actions.reach(c, action, step))

    async def _adopt(self, agent: agents.Agent) -> None:
        """What happened to an agent without an action while the service was away."""
        status = await self.steps.runtime.status(agent.name)
        if status.state == "running":
            if agent.container is not ContainerState.RUNNING:
                await self._note(agent.name, ContainerState.RUNNING)
            return
        if agent.container is ContainerState.RUNNING:
            await self._note(agent.name, ContainerState.STOPPED)
        if agent.wanted:
            await self.revive(agent.name, crashed=False)

    async def _suspend(self, name: str) -> None:
        try:
            await self.steps.runtime.stop(name, self.steps.settings.grace_seconds)
        except (StillRunning, OSError) as error:
            log.error("suspend_failed", agent=name, error=str(error))
            return
        agent = await self._database.read(lambda c: agents.find(c, name))
        if agent is not None and agent.container is ContainerState.RUNNING:
            await self._note(name, ContainerState.STOPPED)

    async def _note(self, name: str, state: ContainerState) -> None:
        await self._database.write(lambda c: agents.set_container(c, name, state, clock.now()))

    async def _accepted(self, action: int, name: str) -> Accepted:
        return Accepted(action=action, agent=await self._database.read(lambda c: agents.view(c, name)))

    def _check_not_suspended(self) -> None:
        if self.suspended:
            raise Refusal(ErrorCode.UNAVAILABLE, "the swarm is being stopped; nothing is begun any more")

    @property
    def _database(self) -> Database:
        return self.steps.database


def _revive(connection: Connection, name: str, crashed: bool) -> Action | None:
    agent = agents.find(connection, name)
    if agent is None or not agent.wanted or agent.container is ContainerState.RUNNING:
        return None
    if crashed and agent.container is not ContainerState.CRASHED:
        return None
    if actions.in_flight(connection, name) is not None:
        return None
    if crashed:
        agents.change(connection, name, restarts=agent.restarts + 1)
    return actions.begin(connection, name, Kind.START, ITSELF, clock.now())


def _move_port(connection: Connection, agent: agents.Agent, port: int) -> None:
    if agent.port != port:
        agents.change(connection, agent.name, port=port)
