"""The door of what was done to agents, and what it printed."""

from dataclasses import dataclass

from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_wire import builds as wire

from hive_lifecycle import actions, output


@dataclass(frozen=True)
class BuildsDoor:
    """Answers the verbs about actions."""

    database: Database

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.ACTIONS, self.actions)
        service.add(wire.OUTPUT, self.output)

    async def actions(self, _caller: Caller, request: wire.ActionsRequest) -> wire.ActionList:
        return await self.database.read(lambda c: actions.page(c, request))

    async def output(self, _caller: Caller, request: wire.OutputRequest) -> wire.OutputPage:
        return await self.database.read(lambda c: output.page(c, request))
