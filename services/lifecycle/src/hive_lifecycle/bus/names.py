"""The door of names for new agents, and of the state folders of agents to be."""

from dataclasses import dataclass

from hive_kit.bus import Caller, Service
from hive_wire import lifecycle as wire
from hive_wire.model import Empty

from hive_lifecycle.drafts import Drafts


@dataclass(frozen=True)
class NamesDoor:
    """Answers what approvals asks before there is an agent."""

    drafts: Drafts

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.CHECK_NAME, self.check_name)
        service.add(wire.MAKE_DRAFT, self.make_draft)
        service.add(wire.DROP_DRAFT, self.drop_draft)

    async def check_name(self, _caller: Caller, request: wire.NameCheck) -> Empty:
        await self.drafts.check_name(request.name, draft=request.draft, revives=request.revives)
        return Empty()

    async def make_draft(self, _caller: Caller, request: wire.AgentName) -> Empty:
        await self.drafts.make(request.name)
        return Empty()

    async def drop_draft(self, _caller: Caller, request: wire.AgentName) -> Empty:
        await self.drafts.drop(request.name)
        return Empty()
