"""What approvals asks of lifecycle: whether a name is free, whether an agent exists, a draft's state folder."""

from typing import TypeVar

from hive_kit.bus import Bus
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, NameCheck
from hive_wire.model import Wire
from hive_wire.verb import Verb

Q = TypeVar("Q", bound=Wire)
R = TypeVar("R", bound=Wire)

_NO_ANSWER = frozenset({ErrorCode.TIMEOUT, ErrorCode.DISCONNECTED, ErrorCode.UNAVAILABLE, ErrorCode.BUSY})


class Lifecycle:
    """Lifecycle's verbs, as this service uses them. Each raises lifecycle's refusals, or `unavailable`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def check_name(self, name: str, *, draft: bool, revives: bool = False) -> None:
        """Refuses a name that no new agent could have. `draft`: a state folder of that name doesn't matter; `revives`:
        what is kept of a destroyed agent must be there."""
        await self._ask(lifecycle.CHECK_NAME, NameCheck(name=name, draft=draft, revives=revives))

    async def check_agent(self, name: str) -> None:
        """Refuses `unknown_agent`."""
        await self._ask(lifecycle.STATUS, AgentName(name=name))

    async def make_draft(self, name: str) -> None:
        """Make the state folder of an agent to be; safe to repeat."""
        await self._ask(lifecycle.MAKE_DRAFT, AgentName(name=name))

    async def drop_draft(self, name: str) -> None:
        """Remove the state folder of an agent to be; safe to repeat."""
        await self._ask(lifecycle.DROP_DRAFT, AgentName(name=name))

    async def _ask(self, verb: Verb[Q, R], request: Q) -> None:
        try:
            await self._bus.call(verb, request)
        except Refusal as refusal:
            if refusal.code in _NO_ANSWER:
                text = "lifecycle does not answer, and it decides about agents; nothing was changed, try again"
                raise Refusal(ErrorCode.UNAVAILABLE, text, service="lifecycle") from refusal
            raise
