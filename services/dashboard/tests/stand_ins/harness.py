"""A harness in memory."""

import json
from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_wire import agent
from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.live import AgentState, AgentStatus, LiveEvent
from hive_wire.model import Empty

from services.dashboard.tests.stand_ins.emitter import now


class TestHarness:
    """One agent's harness: says how it is, and rows."""

    __test__ = False

    def __init__(self, bus: Bus, name: str) -> None:
        self.bus, self.name = bus, name
        self.n = 0
        self.status = AgentStatus(state=AgentState.IDLE, since=now())

    async def start(self) -> None:
        self.answering = Service(self.bus, "agent", "0", "test", agent=self.name)
        self.answering.add(agent.STATUS, self._status)
        self.answering.add(agent.HISTORY, self._history)
        self.answering.add(agent.CANCEL, self._status)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def say(self, kind: str, **data: Any) -> LiveEvent:
        self.n += 1
        event = live_row(self.name, self.n, kind, data)
        await self.bus.publish_live(self.name, kind, event.model_dump_json().encode())
        return event

    async def become(self, state: AgentState) -> None:
        self.status = AgentStatus(state=state, since=now())
        await self.say("state", **json.loads(self.status.model_dump_json()))

    async def _status(self, _caller: Caller, _request: Empty) -> AgentStatus:
        return self.status

    async def _history(self, _caller: Caller, request: LiveHistoryRequest) -> LiveHistory:
        return LiveHistory(events=[live_row(self.name, 7)], more=False)


def live_row(name: str, n: int, kind: str = "text", data: dict[str, Any] | None = None) -> LiveEvent:
    return LiveEvent(agent=name, epoch=1, n=n, at=now(), kind=kind, data=data or {"text": f"row {n}"})
