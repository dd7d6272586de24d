"""What is still open, and ending it."""

from typing import Literal

from hive_wire import approvals
from hive_wire.approvals import CancelRequest, LooseEnd, LooseEndKind, LooseEnds
from hive_wire.model import Empty, Wire
from pydantic import Field

from hive_harness.mcp.tools.tool import Arguments, Calls, NoArguments, Tool


class CancelArguments(Arguments):
    """A loose end to cancel."""

    kind: Literal["question", "reminder"]
    """What it is. Approvals are the operator's to decide."""
    id: int = Field(ge=1)
    """Its number, as `get_loose_ends` lists it."""


class Cancelled(Wire):
    """It is no longer open."""

    kind: LooseEndKind
    id: int


class LooseEndTools:
    """The same for every agent; what an agent may see and cancel is the services' to decide."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Tool]:
        """Every agent's."""
        return [
            Tool(
                "get_loose_ends", "What is still open",
                "List what is still open, oldest first, each with its age: questions that you asked or were asked, "
                "your reminders (also those that could not be delivered, with the reason), pending approvals. The "
                "manager sees those of all agents. Look here before you end a longer piece of work, and when you "
                "have lost track. `unreachable` names services whose part is missing now.",
                NoArguments, LooseEnds, self._list, read_only=True, idempotent=True,
            ),
            Tool(
                "cancel_loose_end", "Cancel what is open",
                "Cancel a question that you asked or a reminder of yours (the manager: anybody's). Whoever asked a "
                "question then gets `[cancelled by <name>]` as its answer; a cancelled reminder never comes. This "
                "can't be undone.",
                CancelArguments, Cancelled, self._cancel, destructive=True, idempotent=True,
            ),
        ]  # fmt: skip

    async def _list(self, _arguments: NoArguments) -> tuple[LooseEnds, str]:
        ends = await self._calls.repeat(approvals.LOOSE_ENDS, Empty())
        lines = [_describe(end) for end in ends.ends] or ["Nothing is open."]
        lines += [f"A stored row can't be read: {row.table} #{row.id}: {row.error}" for row in ends.broken]
        lines += [f"{service} does not answer; what it knows is missing here." for service in ends.unreachable]
        return ends, "\n".join(lines)

    async def _cancel(self, arguments: CancelArguments) -> tuple[Cancelled, str]:
        request = CancelRequest(kind=LooseEndKind(arguments.kind), id=arguments.id)
        await self._calls.repeat(approvals.CANCEL_LOOSE_END, request)
        return Cancelled(kind=request.kind, id=request.id), f"The {arguments.kind} #{arguments.id} is cancelled."


def _describe(end: LooseEnd) -> str:
    facts = f"{end.kind} #{end.id} of {end.owner}, waits for {end.waits_for}, {_age(end.age_seconds)} old"
    if end.due is not None:
        facts += f", due {end.due:%Y-%m-%d %H:%M:%S}"
    if end.failed is not None:
        facts += f", failed: {end.failed}"
    return f"{facts}\n    {end.summary}"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
