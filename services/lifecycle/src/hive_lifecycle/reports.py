"""What harnesses say of themselves: their login and the version that they run. Asked for at the service's start, and
heard of with every change of an agent's state.
"""

import asyncio
import json
from dataclasses import dataclass, field

import structlog
from hive_kit.bus import Bus
from hive_wire import agent as harness
from hive_wire.errors import Refusal
from hive_wire.lifecycle import ContainerState
from hive_wire.live import AgentStatus, LiveKind
from hive_wire.model import Empty
from hive_wire.subjects import live
from pydantic import ValidationError

from hive_lifecycle import agents
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

_ASK_SECONDS = 2.0
_ASKED_AT_ONCE = 8
Facts = tuple[bool | None, str | None]


@dataclass
class Reports:
    """Takes note of what all harnesses say."""

    bus: Bus
    steps: Steps
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once all that ran at the service's start were asked."""
    _heard: asyncio.Queue[tuple[str, AgentStatus]] = field(default_factory=asyncio.Queue[tuple[str, AgentStatus]])
    _last: dict[str, Facts] = field(default_factory=dict[str, Facts])

    async def run(self) -> None:
        """Until cancelled."""
        await self.bus.subscribe(live("*", LiveKind.STATE), self._hear)
        await self._ask_everyone()
        self.asked.set()
        while True:
            name, status = await self._heard.get()
            try:
                await self.steps.observe(name, status)
            except Refusal as refusal:
                log.warning("report_lost", agent=name, code=refusal.code)
                self._last.pop(name, None)

    def _hear(self, subject: str, payload: bytes) -> None:
        """NATS lets an agent publish only under its own name, which is in the subject."""
        name = subject.split(".")[2]
        try:
            status = AgentStatus.model_validate(json.loads(payload)["data"])
        except (ValueError, KeyError, TypeError, ValidationError):
            return
        facts = (status.logged_in, status.version)
        if self._last.get(name) != facts:
            self._last[name] = facts
            self._heard.put_nowait((name, status))

    async def _ask_everyone(self) -> None:
        at_once = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(name: str) -> None:
            async with at_once:
                try:
                    status = await self.bus.call(harness.STATUS, Empty(), agent=name, timeout=_ASK_SECONDS)
                    await self.steps.observe(name, status)
                except Refusal as refusal:
                    log.info("no_report", agent=name, code=refusal.code)

        everyone = await self.steps.database.read(agents.everyone)
        await asyncio.gather(*(ask(a.name) for a in everyone if a.container is ContainerState.RUNNING))
