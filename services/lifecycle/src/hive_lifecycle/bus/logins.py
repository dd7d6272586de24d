"""The door of keys and tokens: stored, handed to those whom they concern, who then look at their login."""

import asyncio
from dataclasses import dataclass

import structlog
from hive_kit.bus import Caller, Service
from hive_wire import agent as harness
from hive_wire import lifecycle as wire
from hive_wire.errors import Refusal
from hive_wire.model import Empty

from hive_lifecycle import agents
from hive_lifecycle.notices import note_login
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

_ASK_SECONDS = 2.0


@dataclass(frozen=True)
class LoginsDoor:
    """Answers `set_secret`."""

    steps: Steps

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.SET_SECRET, self.set_secret)

    async def set_secret(self, _caller: Caller, request: wire.SecretRequest) -> Empty:
        if request.agent is not None:
            agent = request.agent
            await self.steps.database.read(lambda c: agents.get(c, agent))
        await asyncio.to_thread(self.steps.secrets.put, request.agent, request.name, request.value)
        everyone = await self.steps.database.read(agents.names)
        changed = [name for name in everyone if await self.steps.hand_over_secrets(name)]
        await asyncio.gather(*(self._tell_of_login(name) for name in changed))
        return Empty()

    async def _tell_of_login(self, name: str) -> None:
        """A running harness looks at once; one that doesn't answer looks at its next start."""
        try:
            status = await self.steps.bus.call(harness.CHECK_LOGIN, Empty(), agent=name, timeout=_ASK_SECONDS)
        except Refusal as refusal:
            log.info("login_not_checked", agent=name, code=refusal.code)
            return
        await self.steps.database.write(lambda c: note_login(c, name, status.logged_in))
