"""The operator's unhandled mail and the swarm's reminders, as the page holds them."""

from datetime import UTC, datetime, timedelta

from hive_dashboard.inbox import Inbox
from hive_dashboard.projection import Facts, Projection
from hive_dashboard.reminders import Reminders
from hive_wire import broker
from hive_wire.broker import (
    BrokerSnapshot,
    InboxCounts,
    Message,
    MessageState,
    Moved,
    Received,
    Reminder,
    ReminderChanged,
    ReminderCount,
    ReminderState,
)
from hypothesis import given
from hypothesis import strategies as st

T0 = datetime(2026, 11, 21, tzinfo=UTC)
COUNTS = InboxCounts(name="operator", pending=0, in_flight=0, dead=0)
NEXT = {MessageState.PENDING: MessageState.IN_FLIGHT, MessageState.IN_FLIGHT: MessageState.ACKED}

Step = tuple[broker.Event[Received] | broker.Event[Moved], Received | Moved]


def message(number: int, to: str = "operator", state: MessageState = MessageState.PENDING, body: str = "hi") -> Message:
    return Message(id=number, sender="manager", recipient=to, state=state, stored_at=T0, body=body)


def reminder(
    number: int, minutes: int = 0, owner: str = "coder", state: ReminderState = ReminderState.PENDING
) -> Reminder:
    due = T0 + timedelta(minutes=minutes)
    return Reminder(id=number, owner=owner, message="tea", due=due, created_at=T0, file_path=None, state=state)


def ids(inbox: Inbox) -> list[int]:
    return [held.id for held in inbox.mail]


def test_mail_to_the_operator_stays_until_it_is_handled() -> None:
    inbox = Inbox()
    for stored in (message(1), message(2, to="coder"), message(3)):
        inbox.put(stored)
    assert ids(inbox) == [1, 3]
    inbox.update(message(1, state=MessageState.IN_FLIGHT))
    assert [held.state for held in inbox.mail] == ["in_flight", "pending"]
    inbox.update(message(1, state=MessageState.ACKED))
    assert ids(inbox) == [3]


def test_a_shorter_inbox_says_that_there_is_more() -> None:
    inbox = Inbox(kept=2)
    inbox.replace([message(number) for number in range(1, 4)], more=False)
    assert (ids(inbox), inbox.more) == ([2, 3], True)
    large = Inbox(kept_bytes=3000)
    for number in (1, 2):
        large.put(message(number, body="x" * 2000))
    assert (ids(large), large.more) == ([2], True)


def test_handled_mail_makes_room() -> None:
    inbox = Inbox(kept_bytes=6000)
    for number in range(1, 50):
        inbox.put(message(number, body="x" * 2000))
        inbox.update(message(number, state=MessageState.ACKED))
    inbox.put(message(50, body="x" * 2000))
    inbox.put(message(51, body="x" * 2000))
    assert (ids(inbox), inbox.more) == ([50, 51], False)


@st.composite
def mail(draw: st.DrawFn) -> list[Step]:
    """Mail to the operator that is stored, shown, handled."""
    steps: list[Step] = []
    held: dict[int, Message] = {}
    for kind in draw(st.lists(st.integers(0, 2), max_size=15)):
        unhandled = [m for m in held.values() if m.state in NEXT]
        if kind == 0 or not unhandled:
            new = held[len(held) + 1] = message(len(held) + 1)
            steps.append((broker.STORED, Received(message=new, counts=COUNTS)))
        else:
            old = draw(st.sampled_from(unhandled))
            held[old.id] = old.model_copy(update={"state": NEXT[old.state]})
            steps.append((broker.DELIVERED, Moved(receipts=[held[old.id]], counts=COUNTS)))
    return steps


def _unhandled_after(steps: list[Step]) -> list[Message]:
    held: dict[int, Message] = {}
    for _, payload in steps:
        if isinstance(payload, Received):
            held[payload.message.id] = payload.message
        else:
            for receipt in payload.receipts:
                held[receipt.id] = held[receipt.id].model_copy(update={"state": receipt.state})
    return [m for m in held.values() if m.state in NEXT]


@given(steps=mail(), data=st.data())
def test_mail_that_was_read_later_than_its_snapshot_ends_in_the_same_state(
    steps: list[Step], data: st.DataObject
) -> None:
    made = data.draw(st.integers(0, len(steps)))
    read = data.draw(st.integers(made, len(steps)))
    projection = Projection(Facts("hive", "1", 1000, True))
    snapshot = BrokerSnapshot(outbox_id=made, store="b", inboxes=[], messages=[], more=False)
    projection.install(snapshot, T0)
    projection.install_inbox(_unhandled_after(steps[:read]), False)
    for event, payload in steps[made:]:
        projection.apply(event, payload, T0)
    assert projection.snapshot("x:0").inbox == _unhandled_after(steps)


def test_reminders_are_listed_the_soonest_first_and_counted_for_each_owner() -> None:
    reminders = Reminders()
    counts = [ReminderCount(owner="coder", open=2), ReminderCount(owner="scribe", open=1)]
    reminders.replace([reminder(1, 30), reminder(2, 10), reminder(3, 20, "scribe")], counts)
    assert [held.id for held in reminders.soonest] == [2, 3, 1]
    assert (reminders.of("coder"), reminders.of("nobody"), reminders.total) == (2, 0, 3)


def test_a_failed_reminder_stays_and_one_that_ended_leaves() -> None:
    reminders = Reminders()
    reminders.put(ReminderChanged(reminder=reminder(1), open=1))
    reminders.put(ReminderChanged(reminder=reminder(1, state=ReminderState.FAILED), open=1))
    assert [held.state for held in reminders.soonest] == ["failed"]
    for end in (ReminderState.FIRED, ReminderState.CANCELLED):
        reminders.put(ReminderChanged(reminder=reminder(1), open=1))
        reminders.put(ReminderChanged(reminder=reminder(1, state=end), open=0))
        assert (reminders.soonest, reminders.total) == ([], 0)


def test_only_the_soonest_are_held_but_all_are_counted() -> None:
    reminders = Reminders(kept=2)
    for count, number in enumerate((3, 1, 2), 1):
        reminders.put(ReminderChanged(reminder=reminder(number, minutes=number), open=count))
    assert ([held.id for held in reminders.soonest], reminders.total) == ([1, 2], 3)


def test_long_reminders_are_held_within_bytes() -> None:
    reminders = Reminders(kept_bytes=5000)
    large = [reminder(number, number).model_copy(update={"message": "x" * 2000}) for number in range(4)]
    reminders.replace(large, [ReminderCount(owner="coder", open=4)])
    assert ([held.id for held in reminders.soonest], reminders.total) == ([0, 1], 4)
    for held in large:
        reminders.put(ReminderChanged(reminder=held.model_copy(update={"state": ReminderState.FIRED}), open=0))
    reminders.replace(large[:1], [])
    assert [held.id for held in reminders.soonest] == [0]
