"""Notices what goes away by itself, tells of it, and brings back what shall run, later each time it happens again."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from hive_kit.outbox import emit
from hive_wire.lifecycle import CRASHED, ContainerState, Crashed
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, clock
from hive_lifecycle.agents import Agent
from hive_lifecycle.harness import describe_exit
from hive_lifecycle.runner import Runner
from hive_lifecycle.runtimes import RuntimeStatus

log = structlog.get_logger()


@dataclass
class Watch:
    """Looks after all agents. What went away before it began is `Runner.recover`'s matter."""

    runner: Runner
    _waiting: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])
    _looks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def __post_init__(self) -> None:
        self.runner.after.append(self.look_soon)

    async def run(self) -> None:
        """Look whenever the runtime tells of an exit, until cancelled."""
        healing = asyncio.create_task(self._heal_for_ever())
        try:
            async for exited in self.runner.steps.runtime.watch():
                await self.look(exited.name)
        finally:
            for task in (healing, *self._waiting.values(), *self._looks):
                task.cancel()

    def look_soon(self, name: str) -> None:
        """An action has ended: see whether what it left still is so."""
        self._spawn(self.look(name))

    async def look(self, name: str) -> None:
        """Compare what is stored of an agent with what runs; a container gone without an action has crashed."""
        if self.runner.suspended:
            return
        before = await self.runner.steps.database.read(lambda c: agents.find(c, name))
        if before is None:
            return
        status = await self.runner.steps.runtime.status(name)
        if status.state == "running":
            return
        after = await self.runner.steps.database.write(lambda c: self._take_note(c, before, status))
        if after is not None and after.container is ContainerState.CRASHED and after.wanted:
            self._bring_back_later(after)

    def _take_note(self, connection: Connection, before: Agent, status: RuntimeStatus) -> Agent | None:
        """The agent as it is now; None while an action is at work on it, whose end brings another look."""
        agent = agents.find(connection, before.name)
        if agent is None or actions.in_flight(connection, agent.name) is not None:
            return None
        if agent.container is not ContainerState.RUNNING or agent.container_since != before.container_since:
            return agent
        now, how = clock.now(), describe_exit(status)
        if status.asked:  # somebody stopped it through the runtime, past us
            agents.set_container(connection, agent.name, ContainerState.STOPPED, now, exit=how)
            return None
        healthy = now - agent.container_since > self.runner.steps.settings.healthy_seconds * 1e6
        restarts = 0 if healthy else agent.restarts
        agents.set_container(connection, agent.name, ContainerState.CRASHED, now, exit=how, restarts=restarts)
        emit(connection, CRASHED, Crashed(agent=agent.name, exit=how))
        log.warning("agent_crashed", agent=agent.name, exit=how, restarts=restarts)
        return agents.get(connection, agent.name)

    def _bring_back_later(self, agent: Agent) -> None:
        waiting = self._waiting.get(agent.name)
        if waiting is not None and not waiting.done():
            return
        settings = self.runner.steps.settings
        delay = min(settings.restart_first_seconds * 2 ** min(agent.restarts, 20), settings.restart_last_seconds)
        self._waiting[agent.name] = asyncio.create_task(self._bring_back(agent.name, delay))

    async def _bring_back(self, name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.runner.revive(name, crashed=True)

    async def _heal_for_ever(self) -> None:
        healthy = self.runner.steps.settings.healthy_seconds
        while True:
            await asyncio.sleep(max(healthy / 4, 0.1))
            await self.runner.steps.database.write(lambda c: _heal(c, clock.now() - int(healthy * 1e6)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:  # Any: as asyncio has it
        task = asyncio.create_task(work)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)


def _heal(connection: Connection, since: int) -> None:
    """Agents that have run for long enough count as healthy again."""
    rows = connection.exec_driver_sql(
        "SELECT name FROM agents WHERE restarts > 0 AND container = 'running' AND container_since < ?", (since,)
    )
    for name in list(rows.scalars()):
        agents.change(connection, name, restarts=0)
