"""The door of what is kept of destroyed agents."""

from dataclasses import dataclass

import structlog
from hive_kit.bus import Caller, Service
from hive_wire import tombstones as wire
from hive_wire.model import AgentName, Empty

from hive_lifecycle.tombstones.keeping import Keeping

log = structlog.get_logger()


@dataclass(frozen=True)
class TombstonesDoor:
    """Answers the verbs about tombstones."""

    keeping: Keeping

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.TOMBSTONES, self.tombstones)
        service.add(wire.PURGE_TOMBSTONE, self.purge)

    async def tombstones(self, _caller: Caller, _request: Empty) -> wire.TombstoneList:
        return wire.TombstoneList(tombstones=await self.keeping.all())

    async def purge(self, caller: Caller, request: AgentName) -> Empty:
        log.info("purge_asked", name=request.name, by=caller.principal)
        await self.keeping.purge(request.name)
        return Empty()
