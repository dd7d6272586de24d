"""Any interleaving of a snapshot with the events after it gives the state that the events alone give."""

from collections.abc import Callable
from typing import Any

from hive_dashboard.sources import Numbered, Source
from hive_wire import broker, lifecycle, rollouts, tombstones
from hive_wire.broker import BrokerSnapshot, InboxCounts, Message, MessageState, Moved, Received
from hive_wire.lifecycle import AgentChanged, AgentName, ContainerState, LifecycleSnapshot
from hive_wire.model import Wire
from hive_wire.page import Snapshot
from hive_wire.rollouts import Rollout
from hive_wire.tombstones import Tombstone
from hive_wire.verb import Event
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.tests.values import (
    CAPABILITIES,
    NOW,
    changed,
    counts,
    message,
    rollout,
    tombstone,
    view,
    with_agents,
)

NAMES = ("manager", "coder", "scribe")
Step = tuple[Event[Any], Wire]  # Any: each event has its own payload
Taken = BrokerSnapshot | LifecycleSnapshot


def run(steps: list[Step], snapshot: Callable[[list[Step]], Taken], asked: int, made: int, came: int) -> Snapshot:
    """The snapshot is asked for when `asked` events have come, holds `made`, and comes when `came` have."""
    projection = with_agents(*(view(name) for name in NAMES))
    source = Source()
    numbered = [Numbered("b", n, event, payload) for n, (event, payload) in enumerate(steps, 1)]

    def take(events: list[Numbered]) -> None:
        for event in events:
            projection.apply(event.event, event.payload, NOW)

    for event in numbered[:asked]:
        take(source.take(event))
    source.begin()
    for event in numbered[asked:came]:
        take(source.take(event))
    waiting = source.install("b", made)
    projection.install(snapshot(steps[:made]), NOW)
    take(waiting)
    for event in numbered[came:]:
        take(source.take(event))
    return projection.snapshot("x:0")


def check(steps: list[Step], snapshot: Callable[[list[Step]], Taken], data: st.DataObject) -> None:
    made = data.draw(st.integers(0, len(steps)))
    asked = data.draw(st.integers(0, made))
    came = data.draw(st.integers(asked, len(steps)))
    assert run(steps, snapshot, asked, made, came) == run(steps, snapshot, 0, 0, 0)


@st.composite
def broker_steps(draw: st.DrawFn) -> list[Step]:
    """A broker's life: messages stored and moved."""
    steps: list[Step] = []
    held: dict[int, Message] = {}
    for kind in draw(st.lists(st.integers(0, 3), max_size=15)):
        if kind < 2 or not held:
            new = held[len(held) + 1] = message(len(held) + 1, draw(st.sampled_from(NAMES)))
            steps.append((broker.STORED, Received(message=new, counts=_counted(held, new.recipient))))
        else:
            number = draw(st.sampled_from(sorted(held)))
            state = draw(st.sampled_from(list(MessageState)))
            moved = held[number] = held[number].model_copy(update={"state": state, "attempts": len(steps)})
            steps.append((broker.DELIVERED, Moved(receipts=[moved], counts=_counted(held, moved.recipient))))
    return steps


def _counted(held: dict[int, Message], name: str) -> InboxCounts:
    return counts(name, sum(m.recipient == name and m.state is MessageState.PENDING for m in held.values()))


def broker_snapshot(steps: list[Step]) -> BrokerSnapshot:
    held: dict[int, Message] = {}
    inboxes: dict[str, InboxCounts] = {}
    for _, payload in steps:
        inboxes[payload.counts.name] = payload.counts
        if isinstance(payload, Received):
            held[payload.message.id] = payload.message
        else:
            for receipt in payload.receipts:
                held[receipt.id] = held[receipt.id].model_copy(update=dict(receipt))
    return BrokerSnapshot(
        outbox_id=len(steps), store="b", inboxes=list(inboxes.values()), messages=list(held.values()), more=False
    )


@st.composite
def lifecycle_steps(draw: st.DrawFn) -> list[Step]:
    """A lifecycle's life: agents change and go, things are kept and not, rollouts begin and end."""
    steps: list[Step] = []
    begun: dict[int, bool] = {}
    for kind in draw(st.lists(st.sampled_from(["change", "remove", "bury", "unbury", "roll"]), max_size=15)):
        name = draw(st.sampled_from(NAMES))
        if kind == "change":
            changes = changed(view(name, draw(st.sampled_from(list(ContainerState)))))
            steps.append((lifecycle.CHANGED, changes))
        elif kind == "remove":
            steps.append((lifecycle.REMOVED, AgentName(name=name)))
        elif kind == "bury":
            steps.append((tombstones.TOMBSTONE_MADE, tombstone(name, draw(st.integers(0, 3)))))
        elif kind == "unbury":
            steps.append((tombstones.TOMBSTONE_REMOVED, AgentName(name=name)))
        else:
            under_way = [number for number, ended in begun.items() if not ended]
            number = draw(st.sampled_from([*under_way, len(begun) + 1]))
            begun[number] = draw(st.booleans())
            steps.append((rollouts.ROLLOUT_CHANGED, rollout(number, begun[number])))
    return steps


def lifecycle_snapshot(steps: list[Step]) -> LifecycleSnapshot:
    """Lifecycle's state after these: every rollout under way, and the last that ended."""
    views = {name: view(name) for name in NAMES}
    kept: dict[str, Tombstone] = {}
    begun: dict[int, Rollout] = {}
    for event, payload in steps:
        if isinstance(payload, AgentChanged):
            views[payload.agent.name] = payload.agent
        elif isinstance(payload, Tombstone):
            kept[payload.name] = payload
        elif isinstance(payload, Rollout):
            begun[payload.id] = payload
        elif isinstance(payload, AgentName):
            gone = views if event is lifecycle.REMOVED else kept
            gone.pop(payload.name, None)
    last = max((number for number, held in begun.items() if held.ended_at), default=None)
    return LifecycleSnapshot(
        agents=list(views.values()), capabilities=CAPABILITIES, outbox_id=len(steps), store="b", conflicts=[],
        rollouts=[held for number, held in begun.items() if held.ended_at is None or number == last],
        tombstones=list(kept.values()),
    )  # fmt: skip


@given(steps=broker_steps(), data=st.data())
def test_mail_shows_the_same_in_any_interleaving(steps: list[Step], data: st.DataObject) -> None:
    check(steps, broker_snapshot, data)


@given(steps=lifecycle_steps(), data=st.data())
def test_agents_and_what_is_kept_show_the_same_in_any_interleaving(steps: list[Step], data: st.DataObject) -> None:
    check(steps, lifecycle_snapshot, data)
