"""Carries rollouts out: locks inputs anew, then rebuilds agents one after another. Everything is found again from what
is stored, so that a kill at any point only delays it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_kit.ledger import write_persistently
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER
from hive_wire.rollouts import MetaInput, MetaInputs, Rollout, RolloutCause, RolloutState
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, clock, deploys
from hive_lifecycle.actions import Action, Ended, Kind
from hive_lifecycle.meta import Meta, MetaError, agent_of, update_message
from hive_lifecycle.rollouts import rows
from hive_lifecycle.runner import ITSELF, Runner

log = structlog.get_logger()

SWARM = "hyperhive"
"""The input that concerns every agent."""
_LOOK_SECONDS = 5.0
_KEY = "rollout-"


@dataclass
class RollingOut:
    """The rollouts of the swarm."""

    runner: Runner
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced by a new one, when something began or ended."""

    def __post_init__(self) -> None:
        self.runner.at_end.append(_note_end)
        self.runner.after.append(lambda _name: self._stir())

    async def inputs(self) -> MetaInputs:
        """The inputs of the swarm's flake."""
        state = await self._meta.inputs()
        found = [
            MetaInput(
                name=i.name,
                revision=None if i.revision is None else deploys.short(i.revision),
                changed_at=i.changed_at,
                url=i.url,
                agent=i.agent,
            )
            for i in state.inputs
        ]
        return MetaInputs(inputs=found, commit=state.commit, error=state.error)

    async def update_inputs(self, names: Sequence[str], by: str) -> Rollout:
        """Begin to lock inputs anew and to rebuild whom they concern.

        Refuses `unknown_input`, `broken_lock`, `rollout_in_flight`.
        """
        self._check_not_suspended()
        known = await self.inputs()
        if known.error is not None:
            raise Refusal(ErrorCode.BROKEN_LOCK, f"the lock file of the swarm's flake: {known.error}")
        chosen = _chosen(known.inputs, names)
        owners = {i.agent for i in chosen if i.agent is not None}
        everyone = any(i.agent is None for i in chosen)

        def begin(connection: Connection) -> Rollout:
            concerned = [name for name in agents.names(connection) if everyone or name in owners]
            inputs = [i.name for i in chosen]
            return rows.begin(connection, RolloutCause.INPUTS, by, clock.now(), concerned, inputs)

        return await self._begin(begin)

    async def update_all(self, by: str, cause: RolloutCause = RolloutCause.UPDATE_ALL) -> Rollout:
        """Begin to rebuild every agent that needs an update. Refuses `rollout_in_flight`."""
        self._check_not_suspended()
        outdated = await self.runner.steps.lock.outdated()
        return await self._begin(lambda c: rows.begin(c, cause, by, clock.now(), outdated))

    async def update_automatically(self, asked: asyncio.Event) -> None:
        """Once, when all harnesses were `asked` what they run: rebuild those that need an update."""
        await asked.wait()
        seen = self._stirred
        while await self._database.read(rows.in_flight) is not None:
            seen = await self._next(seen)
        if not self.runner.suspended and await self.runner.steps.lock.outdated():
            await self.update_all(ITSELF, RolloutCause.AUTOMATIC)

    async def run(self) -> None:
        """Carry out what there is and what comes, until cancelled."""
        await self._forget_left_overs()
        while True:
            seen = self._stirred
            rollout = await self._database.read(rows.in_flight)
            if rollout is None:
                await self._next(seen)
                continue
            log.info("rollout_goes_on", rollout=rollout.id, cause=rollout.cause, inputs=rollout.inputs)
            if rollout.inputs and not await self._lock(rollout):
                continue
            for agent in rollout.agents:
                await self._rebuild(rollout, agent.name)
            point("rollout.end:before")
            await write_persistently(self._database, lambda c, number=rollout.id: rows.end(c, number, clock.now()))
            log.info("rollout_ended", rollout=rollout.id)

    async def _begin(self, begin: Callable[[Connection], Rollout]) -> Rollout:
        rollout = await self._database.write(begin, then=lambda _: self._stir())
        log.info("rollout_begun", rollout=rollout.id, cause=rollout.cause, by=rollout.requested_by)
        return rollout

    async def _lock(self, rollout: Rollout) -> bool:
        """Whether the inputs are locked anew; a deploy of an agent whose input is among them ends before."""
        number = rollout.id
        if await self._database.read(lambda c: rows.is_locked(c, number)):
            return True
        inputs = [name for name in rollout.inputs if await self._is_there_and_idle(agent_of(name))]
        try:
            commit = await self._change_lock(f"{_KEY}{number}", inputs) if inputs else None
        except MetaError as error:
            await self._give_up(number, error.message)
            return False
        except Exception as error:  # the edge of a background loop: the rollout must end
            log.error("rollout_lock_failed", rollout=number, exc_info=error)
            await self._give_up(number, f"a fault of ours ({type(error).__name__}); the service's log has it")
            return False
        await write_persistently(self._database, lambda c: rows.locked(c, number, commit))
        point("rollout.locked:after")
        await self.runner.steps.lock.refresh()
        return True

    async def _is_there_and_idle(self, agent: str | None) -> bool:
        """Wait until nothing is done to the agent; False when it is no more. None stands for all."""
        if agent is None:
            return True
        seen = self._stirred
        while await self._database.read(lambda c: _is_busy(c, agent)):
            seen = await self._next(seen)
        return await self._database.read(lambda c: agents.find(c, agent)) is not None

    async def _change_lock(self, key: str, inputs: list[str]) -> str | None:
        point("rollout.prepare:before")
        await self._meta.prepare(key, {}, update=inputs, output=_log_line)
        point("rollout.prepare:after")
        commit = await self._meta.finalize(key, update_message(inputs))
        point("rollout.finalize:after")
        return commit

    async def _give_up(self, number: int, why: str) -> None:
        log.warning("rollout_not_locked", rollout=number, error=why)
        await self._meta.abort(f"{_KEY}{number}")
        await write_persistently(self._database, lambda c: rows.give_up(c, number, why, clock.now()))

    async def _rebuild(self, rollout: Rollout, name: str) -> None:
        """Returns when that agent of it has ended."""
        while True:
            seen = self._stirred
            outdated = None if rollout.cause is RolloutCause.INPUTS else await self.runner.steps.lock.outdated()
            point("rollout.agent:before")
            step = partial(self._step, rollout=rollout, name=name, outdated=outdated)
            begun = await write_persistently(self._database, step, self._launch)
            point("rollout.agent:after")
            if begun is None:
                return
            await self._next(seen)

    def _step(
        self, connection: Connection, rollout: Rollout, name: str, outdated: list[str] | None
    ) -> Action | bool | None:
        """Go on with an agent where that is possible: the action just begun, True while it is to be waited for, None
        when the agent is done with."""
        present = next(a for a in rows.get(connection, rollout.id).agents if a.name == name)
        if present.state is RolloutState.RUNNING:
            return True
        if present.state is not RolloutState.WAITING:
            return None
        if self.runner.suspended or _is_busy(connection, name):
            return True
        if agents.find(connection, name) is None:
            return _skip(connection, rollout, name, "it was destroyed meanwhile")
        if rollout.requested_by == MANAGER == name:
            why = "the manager can't rebuild itself, which would end its own turn; ask the operator to do it"
            return _skip(connection, rollout, name, why)
        if outdated is not None and name not in outdated:
            return _skip(connection, rollout, name, "it has what is installed already")
        return self._order(connection, rollout, name)

    def _order(self, connection: Connection, rollout: Rollout, name: str) -> Action | None:
        try:
            action = actions.order(connection, name, Kind.REBUILD, rollout.requested_by, clock.now())
        except Refusal as refusal:
            rows.set_agent(connection, rollout.id, name, RolloutState.FAILED, error=refusal.message)
            return None
        if not isinstance(action, Action):
            return _skip(connection, rollout, name, "there is nothing to rebuild")
        rows.set_agent(connection, rollout.id, name, RolloutState.RUNNING, action=action.id)
        return action

    def _launch(self, begun: Action | bool | None) -> None:
        if isinstance(begun, Action):
            self.runner.launch(begun)

    def _stir(self) -> None:
        before, self._stirred = self._stirred, asyncio.Event()
        before.set()

    async def _next(self, seen: asyncio.Event) -> asyncio.Event:
        """Until something began or ended since `seen` was taken; now and then anyhow. What to wait for next."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await seen.wait()
        except TimeoutError:
            pass
        return self._stirred

    async def _forget_left_overs(self) -> None:
        """Prepared locks of rollouts that have ended."""
        running = await self._database.read(rows.in_flight)
        try:
            for key in await self._meta.leftovers():
                if key.startswith(_KEY) and (running is None or key != f"{_KEY}{running.id}"):
                    await self._meta.abort(key)
        except Refusal as refusal:  # a damaged flake keeps nobody from working
            log.warning("prepared_locks_left", error=refusal.message)

    def _check_not_suspended(self) -> None:
        if self.runner.suspended:
            raise Refusal(ErrorCode.UNAVAILABLE, "the swarm is being stopped; nothing is begun any more")

    @property
    def _meta(self) -> Meta:
        return self.runner.steps.meta

    @property
    def _database(self) -> Database:
        return self.runner.steps.database


def _log_line(line: str) -> None:
    log.info("lock_output", line=line)


def _chosen(known: list[MetaInput], names: Sequence[str]) -> list[MetaInput]:
    """The inputs of these names, in the order of the lock. Refuses `unknown_input`."""
    there = [i.name for i in known]
    unknown = sorted(set(names) - set(there))
    if unknown:
        text = f"the swarm's flake has no input {', '.join(unknown)}; it has: {', '.join(there)}"
        raise Refusal(ErrorCode.UNKNOWN_INPUT, text, known=there)
    return [i for i in known if i.name in names]


def _is_busy(connection: Connection, name: str) -> bool:
    """Whether something is done to the agent, or an approved deploy of it waits for its turn."""
    return actions.in_flight(connection, name) is not None or bool(deploys.queued(connection, name))


def _skip(connection: Connection, rollout: Rollout, name: str, why: str) -> None:
    rows.set_agent(connection, rollout.id, name, RolloutState.SKIPPED, error=why)


def _note_end(connection: Connection, ended: Ended) -> None:
    rows.note_end(connection, ended.action.id, ended.error)
