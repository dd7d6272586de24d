"""The door of agents: what is done to them, and how they are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_kit.outbox import last_outbox_id
from hive_wire import lifecycle as wire
from hive_wire.model import Empty
from sqlalchemy import Connection

from hive_lifecycle import agents
from hive_lifecycle.actions import Kind
from hive_lifecycle.rollouts import rows as rollouts
from hive_lifecycle.runner import Runner
from hive_lifecycle.tombstones import rows as tombstones

log = structlog.get_logger()

_ORDERED = (
    (wire.START, Kind.START),
    (wire.STOP, Kind.STOP),
    (wire.KILL, Kind.KILL),
    (wire.RESTART, Kind.RESTART),
    (wire.UPDATE, Kind.UPDATE),
    (wire.REBUILD, Kind.REBUILD),
)


@dataclass(frozen=True)
class AgentsDoor:
    """Answers the verbs about agents."""

    runner: Runner

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.SPAWN, self.spawn)
        for verb, kind in _ORDERED:
            service.add(verb, self._order(kind))
        service.add(wire.DESTROY, self.destroy)
        service.add(wire.LIST, self.list)
        service.add(wire.STATUS, self.status)
        service.add(wire.SUSPEND, self.suspend)
        service.add(wire.SNAPSHOT, self.snapshot)

    async def spawn(self, caller: Caller, request: wire.AgentName) -> wire.Accepted:
        return await self.runner.spawn(request.name, caller.principal)

    async def destroy(self, caller: Caller, request: wire.DestroyRequest) -> wire.Accepted:
        return await self.runner.order(request.name, Kind.DESTROY, caller.principal, purge=request.purge)

    async def list(self, _caller: Caller, _request: Empty) -> wire.AgentList:
        return wire.AgentList(agents=await self._database.read(agents.views), capabilities=self._capabilities())

    async def status(self, _caller: Caller, request: wire.AgentName) -> wire.AgentView:
        return await self._database.read(lambda c: agents.view(c, request.name))

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
                rollouts=rollouts.shown(connection),
                tombstones=tombstones.everyone(connection),
            )

        return await self._database.read(take)

    def _order(self, kind: Kind) -> Callable[[Caller, wire.AgentName], Awaitable[wire.Accepted]]:
        async def order(caller: Caller, request: wire.AgentName) -> wire.Accepted:
            return await self.runner.order(request.name, kind, caller.principal)

        return order

    def _capabilities(self) -> wire.Capabilities:
        can = self.runner.steps.runtime.capabilities()
        return wire.Capabilities(
            runtime=can.name,
            sandboxed=can.sandboxed,
            separate_users=can.separate_users,
            memory_limits=can.memory_limits,
            builds=can.builds,
            separate_units=can.separate_units,
            max_name_length=can.max_name_length,
            notes=list(can.notes),
        )

    @property
    def _database(self) -> Database:
        return self.runner.steps.database
