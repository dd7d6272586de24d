"""The door of what agents printed and did: their container's log, and their live events when they are down."""

import asyncio
from dataclasses import dataclass

import structlog
from hive_kit.bus import Caller, Service
from hive_wire import agent as harness
from hive_wire import lifecycle as wire
from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.errors import Refusal
from hive_wire.lifecycle import ContainerState

from hive_lifecycle import agents, event_stores
from hive_lifecycle.journals import Journals
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

_ASK_SECONDS = 2.0
_READERS = 1024
"""Followers wait for seconds each; they must not keep others from reading."""


@dataclass(frozen=True)
class LogsDoor:
    """Answers `logs` and `agent_history`."""

    steps: Steps
    journals: Journals

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.LOGS, self.logs, limit=_READERS, long_poll=True)
        service.add(wire.AGENT_HISTORY, self.agent_history)

    async def logs(self, _caller: Caller, request: wire.LogsRequest) -> wire.LogsReply:
        await self.steps.database.read(lambda c: agents.get(c, request.name))
        return await self.journals.page(request)

    async def agent_history(self, _caller: Caller, request: wire.AgentHistoryRequest) -> LiveHistory:
        agent = await self.steps.database.read(lambda c: agents.get(c, request.name))
        page = LiveHistoryRequest(before=request.before, after=request.after, limit=request.limit)
        if agent.container is ContainerState.RUNNING:
            try:
                return await self.steps.bus.call(harness.HISTORY, page, agent=agent.name, timeout=_ASK_SECONDS)
            except Refusal as refusal:
                log.info("history_from_store", agent=agent.name, code=refusal.code)
        folder = self.steps.layout.store(agent.name)
        return await asyncio.to_thread(event_stores.read_page, folder, agent.name, page)
