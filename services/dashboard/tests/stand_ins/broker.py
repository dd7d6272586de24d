"""A broker in memory."""

from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_wire import broker
from hive_wire.broker import (
    BrokerSnapshot,
    Changed,
    InboxCounts,
    Message,
    MessageList,
    MessageState,
    Moved,
    Received,
    Reminder,
    ReminderChanged,
    ReminderCount,
    ReminderState,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.verb import Event

from services.dashboard.tests.stand_ins.emitter import Emitter, now


class TestBroker(Emitter):
    """Keeps messages in memory, answers what the page asks."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "broker")
        self.messages: dict[int, Message] = {}
        self.shown: list[int] = []
        self.reminders: dict[int, Reminder] = {}
        self.keys: dict[str, int] = {}
        self.snapshot_messages = 500

    async def start(self) -> None:
        self.answering = Service(self.bus, "broker", "0", "test")
        self.answering.add(broker.SNAPSHOT, self._snapshot)
        self.answering.add(broker.SEND, self._send)
        self.answering.add(broker.MARK_SHOWN, self._shown)
        self.answering.add(broker.MARK_HANDLED, self._handled)
        self.answering.add(broker.HISTORY, self._history)
        self.answering.add(broker.RECENT, self._recent)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    def counts(self, name: str) -> InboxCounts:
        mine = [m.state for m in self.messages.values() if m.recipient == name]
        states = (MessageState.PENDING, MessageState.IN_FLIGHT, MessageState.DEAD)
        pending, in_flight, dead = (mine.count(state) for state in states)
        return InboxCounts(name=name, pending=pending, in_flight=in_flight, dead=dead)

    async def add(self, sender: str, to: str, body: str) -> Message:
        number = len(self.messages) + 1
        message = Message(
            id=number, sender=sender, recipient=to, state=MessageState.PENDING, stored_at=now(), body=body
        )
        self.messages[number] = message
        await self.emit(broker.STORED, Received(message=message, counts=self.counts(to)))
        return message

    async def move(self, number: int, state: MessageState, event: Event[Any]) -> None:
        moved = self.messages[number] = self.messages[number].model_copy(update={"state": state})
        await self.emit(event, Moved(receipts=[moved], counts=self.counts(moved.recipient)))

    async def remind(
        self, owner: str, state: ReminderState = ReminderState.PENDING, number: int | None = None
    ) -> Reminder:
        """A reminder is set, or becomes something else."""
        events = {
            ReminderState.PENDING: broker.REMINDER_SET,
            ReminderState.FAILED: broker.REMINDER_FAILED,
            ReminderState.FIRED: broker.REMINDER_FIRED,
            ReminderState.CANCELLED: broker.REMINDER_CANCELLED,
        }
        number = number or len(self.reminders) + 1
        reminder = Reminder(
            id=number,
            owner=owner,
            message=f"reminder {number}",
            due=now(),
            created_at=now(),
            file_path=None,
            state=state,
        )
        self.reminders[number] = reminder
        await self.emit(events[state], ReminderChanged(reminder=reminder, open=self.open_reminders(owner)))
        return reminder

    def open_reminders(self, owner: str) -> int:
        return sum(r.owner == owner and r.state in ("pending", "failed") for r in self.reminders.values())

    async def _snapshot(self, _caller: Caller, _request: Empty) -> BrokerSnapshot:
        names = {m.recipient for m in self.messages.values()}
        owners = {reminder.owner for reminder in self.reminders.values()}
        return BrokerSnapshot(
            outbox_id=self.n,
            store=self.store,
            inboxes=[self.counts(name) for name in names],
            messages=list(self.messages.values())[-self.snapshot_messages :],
            more=False,
            reminders=[r for r in self.reminders.values() if r.state in ("pending", "failed")],
            reminder_counts=[ReminderCount(owner=owner, open=self.open_reminders(owner)) for owner in owners],
        )

    async def _send(self, caller: Caller, request: broker.SendRequest) -> broker.SendReply:
        if request.to == "nobody":
            raise Refusal(ErrorCode.UNKNOWN_RECIPIENT, "nobody is not here", known=["manager"])
        repeated = request.key in self.keys
        if not repeated:
            self.keys[request.key] = (await self.add(caller.principal, request.to, request.body)).id
        message = self.messages[self.keys[request.key]]
        return broker.SendReply(id=message.id, state=message.state, stored_at=message.stored_at, repeated=repeated)

    async def _shown(self, caller: Caller, request: broker.MessageIds) -> Changed:
        assert caller.principal == "operator"
        for number in request.ids:
            await self.move(number, MessageState.IN_FLIGHT, broker.DELIVERED)
        return Changed(changed=len(request.ids))

    async def _handled(self, _caller: Caller, request: broker.MessageIds) -> Changed:
        for number in request.ids:
            await self.move(number, MessageState.ACKED, broker.ACKED)
        return Changed(changed=len(request.ids))

    async def _history(self, _caller: Caller, request: broker.HistoryRequest) -> MessageList:
        found = [m for m in self.messages.values() if request.before is None or m.id < request.before]
        return MessageList(messages=found[-request.limit :], more=len(found) > request.limit)

    async def _recent(self, caller: Caller, request: broker.RecentRequest) -> MessageList:
        inbox, is_open = request.inbox or caller.principal, (MessageState.PENDING, MessageState.IN_FLIGHT)
        found = [m for m in self.messages.values() if m.recipient == inbox]
        found = [m for m in found if request.before is None or m.id < request.before]
        found = [m for m in found if not request.open or m.state in is_open]
        return MessageList(messages=found[-request.limit :], more=len(found) > request.limit)
