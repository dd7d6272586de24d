"""Lifecycle's door: decodes requests, calls the nouns, encodes what they say."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_kit.outbox import last_outbox_id
from hive_kit.version import VERSION
from hive_wire import agent as harness
from hive_wire import lifecycle as wire
from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.errors import Refusal
from hive_wire.lifecycle import ContainerState
from hive_wire.model import Empty
from sqlalchemy import Connection

from hive_lifecycle import agents, event_stores
from hive_lifecycle.actions import Kind
from hive_lifecycle.drafts import Drafts
from hive_lifecycle.notices import note_login
from hive_lifecycle.runner import Runner
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

_LOGS_BYTES = 4 << 20
_LINE_CHARS = 64 * 1024
_ASK_SECONDS = 2.0


@dataclass(frozen=True)
class LifecycleDoor:
    """Answers lifecycle's verbs over one connection."""

    runner: Runner
    drafts: Drafts

    def service(self) -> Service:
        """The service to start, every verb with its handler."""
        service = Service(self._steps.bus, wire.SERVICE, VERSION, "Agents and what runs them")
        service.add(wire.SPAWN, self.spawn)
        for verb, kind in ((wire.START, Kind.START), (wire.STOP, Kind.STOP), (wire.KILL, Kind.KILL)):
            service.add(verb, self._order(kind))
        service.add(wire.RESTART, self._order(Kind.RESTART))
        service.add(wire.UPDATE, self._order(Kind.UPDATE))
        service.add(wire.DESTROY, self.destroy)
        service.add(wire.CHECK_NAME, self.check_name)
        service.add(wire.MAKE_DRAFT, self.make_draft)
        service.add(wire.DROP_DRAFT, self.drop_draft)
        service.add(wire.LIST, self.list)
        service.add(wire.STATUS, self.status)
        service.add(wire.LOGS, self.logs)
        service.add(wire.SET_SECRET, self.set_secret)
        service.add(wire.AGENT_HISTORY, self.agent_history)
        service.add(wire.SUSPEND, self.suspend)
        service.add(wire.SNAPSHOT, self.snapshot)
        return service

    async def spawn(self, caller: Caller, request: wire.AgentName) -> wire.Accepted:
        return await self.runner.spawn(request.name, caller.principal)

    async def destroy(self, caller: Caller, request: wire.DestroyRequest) -> wire.Accepted:
        return await self.runner.order(request.name, Kind.DESTROY, caller.principal, purge=request.purge)

    async def check_name(self, _caller: Caller, request: wire.NameCheck) -> Empty:
        await self.drafts.check_name(request.name, draft=request.draft)
        return Empty()

    async def make_draft(self, _caller: Caller, request: wire.AgentName) -> Empty:
        await self.drafts.make(request.name)
        return Empty()

    async def drop_draft(self, _caller: Caller, request: wire.AgentName) -> Empty:
        await self.drafts.drop(request.name)
        return Empty()

    async def list(self, _caller: Caller, _request: Empty) -> wire.AgentList:
        return wire.AgentList(agents=await self._database.read(agents.views), capabilities=self._capabilities())

    async def status(self, _caller: Caller, request: wire.AgentName) -> wire.AgentView:
        return await self._database.read(lambda c: agents.view(c, request.name))

    async def logs(self, _caller: Caller, request: wire.LogsRequest) -> wire.LogsReply:
        await self._database.read(lambda c: agents.get(c, request.name))
        lines = await self._steps.runtime.logs(request.name, request.lines)
        return _as_page([line[:_LINE_CHARS] for line in lines])

    async def set_secret(self, _caller: Caller, request: wire.SecretRequest) -> Empty:
        if request.agent is not None:
            agent = request.agent
            await self._database.read(lambda c: agents.get(c, agent))
        await asyncio.to_thread(self._steps.secrets.put, request.agent, request.name, request.value)
        everyone = await self._database.read(agents.names)
        changed = [name for name in everyone if await self._steps.hand_over_secrets(name)]
        await asyncio.gather(*(self._tell_of_login(name) for name in changed))
        return Empty()

    async def agent_history(self, _caller: Caller, request: wire.AgentHistoryRequest) -> LiveHistory:
        agent = await self._database.read(lambda c: agents.get(c, request.name))
        page = LiveHistoryRequest(before=request.before, after=request.after, limit=request.limit)
        if agent.container is ContainerState.RUNNING:
            try:
                return await self._steps.bus.call(harness.HISTORY, page, agent=agent.name, timeout=_ASK_SECONDS)
            except Refusal as refusal:
                log.info("history_from_store", agent=agent.name, code=refusal.code)
        folder = self._steps.layout.store(agent.name)
        return await asyncio.to_thread(event_stores.read_page, folder, agent.name, page)

    async def suspend(self, caller: Caller, _request: Empty) -> Empty:
        log.info("suspend_asked", by=caller.principal)
        await self.runner.suspend()
        return Empty()

    async def snapshot(self, _caller: Caller, _request: Empty) -> wire.LifecycleSnapshot:
        capabilities = self._capabilities()

        def take(connection: Connection) -> wire.LifecycleSnapshot:
            return wire.LifecycleSnapshot(
                agents=agents.views(connection),
                capabilities=capabilities,
                outbox_id=last_outbox_id(connection),
                store=self._database.store_id,
                conflicts=agents.port_conflicts(connection),
            )

        return await self._database.read(take)

    def _order(self, kind: Kind) -> Callable[[Caller, wire.AgentName], Awaitable[wire.Accepted]]:
        async def order(caller: Caller, request: wire.AgentName) -> wire.Accepted:
            return await self.runner.order(request.name, kind, caller.principal)

        return order

    async def _tell_of_login(self, name: str) -> None:
        """A running harness looks at once; one that doesn't answer looks at its next start."""
        try:
            status = await self._steps.bus.call(harness.CHECK_LOGIN, Empty(), agent=name, timeout=_ASK_SECONDS)
        except Refusal as refusal:
            log.info("login_not_checked", agent=name, code=refusal.code)
            return
        await self._database.write(lambda c: note_login(c, name, status.logged_in))

    def _capabilities(self) -> wire.Capabilities:
        can = self._steps.runtime.capabilities()
        return wire.Capabilities(
            runtime=can.name,
            sandboxed=can.sandboxed,
            separate_users=can.separate_users,
            memory_limits=can.memory_limits,
            notes=list(can.notes),
        )

    @property
    def _steps(self) -> Steps:
        return self.runner.steps

    @property
    def _database(self) -> Database:
        return self.runner.steps.database


def _as_page(lines: list[str]) -> wire.LogsReply:
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line.encode()) + 4
        if size > _LOGS_BYTES:
            return wire.LogsReply(lines=kept[::-1], cut=True)
        kept.append(line)
    return wire.LogsReply(lines=kept[::-1], cut=False)
