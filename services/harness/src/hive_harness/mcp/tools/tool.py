"""What a tool is, and how its call reaches a service: one key for each wish, one bound on its time."""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hive_kit.bus import Bus
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.verb import Verb
from pydantic import BaseModel, ConfigDict

R = TypeVar("R", bound=Wire)
Result = tuple[Wire, str]
"""What a tool gives back: a structured result, and the same in words."""

_CALL_SECONDS = 30.0
_UNCERTAIN = frozenset({ErrorCode.TIMEOUT, ErrorCode.DISCONNECTED, ErrorCode.UNAVAILABLE, ErrorCode.BUSY})


class Arguments(BaseModel):
    """Arguments of a tool; unknown ones are refused, so that a misnamed one is noticed. The docstrings below fields
    are what the agent reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NoArguments(Arguments):
    """Takes nothing."""


@dataclass(frozen=True)
class Tool:
    """One tool. `call` takes its checked arguments and gives a structured result with its text."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[Wire]
    call: Callable[[Any], Awaitable[Result]]  # Any: this tool's own arguments
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    as_text: bool = False
    """The agent is to read the text: Claude Code shows a structured result in its place where there is one, so it
    then goes along as metadata."""


class Calls:
    """An agent's calls to the services, each bounded in seconds."""

    def __init__(self, bus: Bus, seconds: float = _CALL_SECONDS) -> None:
        self._bus, self._seconds = bus, seconds
        self._uncertain: dict[str, str] = {}

    async def repeat(self, verb: Verb[Any, R], request: Wire) -> R:
        """Call a verb until its service gives its own answer. Raises Refusal, `timeout` after that time."""
        try:
            return await asyncio.wait_for(self._bus.call_persistently(verb, request), self._seconds)
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT, f"no answer within {self._seconds:g} s; repeat the very same call to be sure"
            ) from None

    async def once(self, verb: Verb[Any, R], request: Wire) -> R:
        """Call a verb that is not safe to repeat. Raises Refusal."""
        return await self._bus.call(verb, request)

    async def keyed(self, verb: Verb[Any, R], arguments: Arguments, **further: Any) -> R:  # Any: fields of the request
        """Call a verb whose request is these arguments and a key.

        A call whose outcome stayed unknown keeps its key, so that the agent's own retry stores nothing twice.
        """
        content = hashlib.sha256(f"{verb.full_name} {arguments.model_dump_json()}".encode()).hexdigest()
        key = self._uncertain.pop(content, None) or uuid.uuid4().hex
        request = verb.request(**{**arguments.model_dump(), **further, "key": key})
        try:
            return await self.repeat(verb, request)
        except Refusal as refusal:
            if refusal.code in _UNCERTAIN:
                self._uncertain[content] = key
            raise
        except asyncio.CancelledError:
            self._uncertain[content] = key
            raise
