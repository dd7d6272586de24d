"""The door of loose ends: gathers what is open here and at the broker, and passes a cancellation to its owner."""

from collections.abc import Callable

import structlog
from hive_kit.bus import Bus, Caller, Service
from hive_kit.database import Database
from hive_wire import approvals as wire
from hive_wire import broker
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.names import Role
from sqlalchemy import Connection

from hive_approvals import loose_ends, question_rows, questions
from hive_approvals.rows import now

log = structlog.get_logger()

Pending = Callable[[Connection], tuple[list[wire.Approval], list[wire.BrokenRow]]]
_BROKER_SECONDS = 2.0
_SEE_ALL = frozenset({Role.OPERATOR, Role.MANAGER})


class LooseEndsDoor:
    """Answers the verbs about loose ends. `pending` reads the approvals that wait for the operator."""

    def __init__(self, bus: Bus, database: Database, pending: Pending) -> None:
        self._bus = bus
        self._database = database
        self._pending = pending

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.LOOSE_ENDS, self.loose_ends)
        service.add(wire.CANCEL_LOOSE_END, self.cancel_loose_end)

    async def loose_ends(self, caller: Caller, _request: Empty) -> wire.LooseEnds:
        owner = None if caller.role in _SEE_ALL else caller.principal
        approvals, bad_approvals = await self._database.read(self._pending)
        asked, bad_questions = await self._database.read(lambda c: question_rows.open_ones(c, owner))
        reminders, unreachable = await self._reminders(owner)
        at = now()
        ends = loose_ends.oldest_first(
            [
                *(loose_ends.of_approval(a, at) for a in loose_ends.pending(approvals, owner)),
                *(loose_ends.of_question(q, at) for q in asked),
                *(loose_ends.of_reminder(r, at) for r in reminders),
            ]
        )
        shown = loose_ends.fitting(ends, broker.PAGE_BYTES)
        broken = [*bad_questions, *(bad_approvals if owner is None else [])]
        return wire.LooseEnds(ends=shown, broken=broken, unreachable=unreachable, left_out=len(ends) - len(shown))

    async def cancel_loose_end(self, caller: Caller, request: wire.CancelRequest) -> Empty:
        match request.kind:
            case wire.LooseEndKind.QUESTION:
                at = now()
                await self._database.write(lambda c: questions.cancel(c, caller.principal, request.id, at))
            case wire.LooseEndKind.REMINDER:
                asked = broker.ReminderId(id=request.id, on_behalf_of=caller.principal)
                await self._bus.call(broker.CANCEL_REMINDER, asked)
            case wire.LooseEndKind.APPROVAL:
                text = "an approval can't be cancelled; the operator denies it, and a newer request may supersede it"
                raise Refusal(ErrorCode.BAD_REQUEST, text, id=request.id)
        return Empty()

    async def _reminders(self, owner: str | None) -> tuple[list[broker.Reminder], list[str]]:
        """Open reminders, all pages of them; or that the broker doesn't answer."""
        found: list[broker.Reminder] = []
        after = 0
        try:
            while True:
                asked = broker.RemindersRequest(owner=owner, after=after, limit=1000)
                listed = await self._bus.call(broker.REMINDERS, asked, timeout=_BROKER_SECONDS)
                found += listed.reminders
                if not listed.more or not listed.reminders:
                    return found, []
                after = listed.reminders[-1].id
        except Refusal as refusal:
            log.warning("reminders_unreachable", code=refusal.code)
            return found, [broker.SERVICE]
