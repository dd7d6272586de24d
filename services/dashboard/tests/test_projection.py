"""What the page shows after snapshots and events."""

from datetime import UTC, datetime, timedelta

from hive_dashboard.messages import NewestMessages
from hive_dashboard.projection import Facts, Projection
from hive_dashboard.sources import Numbered, Source
from hive_wire import broker, lifecycle
from hive_wire.broker import BrokerSnapshot, InboxCounts, Message, MessageState, Moved, Received
from hive_wire.lifecycle import (
    AgentChanged,
    AgentName,
    AgentView,
    Capabilities,
    ContainerState,
    LifecycleSnapshot,
    PortConflict,
)
from hive_wire.live import AgentState, AgentStatus
from hive_wire.names import role_of
from hive_wire.page import (
    MessageEvent,
    ReceiptEvent,
    Signal,
    Snapshot,
    SwarmEvent,
    TileEvent,
    TileRemovedEvent,
)
from hypothesis import given
from hypothesis import strategies as st

T0 = datetime(2026, 11, 21, tzinfo=UTC)
NOW = T0 + timedelta(hours=1)
FACTS = Facts("hive", "1", 1000, True)
CAPABILITIES = Capabilities(runtime="local", sandboxed=True, separate_users=True, memory_limits=True, notes=[])
NAMES = ("manager", "coder", "scribe")


def message(number: int, to: str = "coder", state: MessageState = MessageState.PENDING, body: str = "hi") -> Message:
    return Message(id=number, sender="manager", recipient=to, state=state, stored_at=T0, body=body)


def view(name: str, container: ContainerState = ContainerState.RUNNING, since: datetime = T0) -> AgentView:
    return AgentView(
        name=name, role=role_of(name), container=container, container_since=since, wanted=True, port=1, created_at=T0
    )


def counts(name: str = "coder", pending: int = 0, in_flight: int = 0) -> InboxCounts:
    return InboxCounts(name=name, pending=pending, in_flight=in_flight, dead=0)


def changed(agent: AgentView, conflicts: list[PortConflict] | None = None) -> AgentChanged:
    return AgentChanged(agent=agent, conflicts=conflicts or [])


def with_agents(*views: AgentView) -> Projection:
    projection = Projection(FACTS)
    snapshot = LifecycleSnapshot(agents=list(views), capabilities=CAPABILITIES, outbox_id=0, store="l", conflicts=[])
    projection.install(snapshot, NOW)
    return projection


def tiles(projection: Projection) -> dict[str, Signal]:
    return {tile.name: tile.signal for tile in projection.snapshot("x:0").agents}


def test_the_manager_comes_first_then_names() -> None:
    assert list(tiles(with_agents(view("zoe"), view("abe"), view("manager")))) == ["manager", "abe", "zoe"]


def test_a_stored_message_comes_with_its_recipients_counts() -> None:
    projection = with_agents(view("coder"))
    stored, tile = projection.apply(broker.STORED, Received(message=message(1), counts=counts(pending=1)), NOW)
    assert isinstance(stored, MessageEvent)
    assert isinstance(tile, TileEvent)
    assert (stored.message.id, tile.agent.pending) == (1, 1)


def test_a_message_to_nobody_on_the_page_has_no_tile() -> None:
    projection = with_agents(view("coder"))
    events = projection.apply(
        broker.STORED, Received(message=message(1, "operator"), counts=counts("operator", 1)), NOW
    )
    assert [type(event) for event in events] == [MessageEvent]


def test_receipts_change_the_message_and_reach_pages_that_hold_older_ones() -> None:
    projection = with_agents(view("coder"))
    projection.apply(broker.STORED, Received(message=message(5), counts=counts(pending=1)), NOW)
    moved = [message(2, state=MessageState.ACKED), message(5, state=MessageState.IN_FLIGHT)]
    events = projection.apply(broker.DELIVERED, Moved(receipts=moved, counts=counts(in_flight=1)), NOW)
    assert [event.receipt.id for event in events if isinstance(event, ReceiptEvent)] == [2, 5]
    (held,) = projection.snapshot("x:0").messages
    assert (held.state, held.body) == (MessageState.IN_FLIGHT, "hi")


def test_a_removed_agent_leaves_the_page() -> None:
    projection = with_agents(view("coder"))
    events = projection.apply(lifecycle.REMOVED, AgentName(name="coder"), NOW)
    assert events == [TileRemovedEvent(name="coder")]
    assert projection.apply(lifecycle.REMOVED, AgentName(name="coder"), NOW) == []
    assert tiles(projection) == {}


def test_a_port_conflict_is_told_once() -> None:
    projection = with_agents(view("coder"))
    conflict = [PortConflict(port=8100, agents=["a", "b"])]
    tile, swarm = projection.apply(lifecycle.CHANGED, changed(view("coder"), conflict), NOW)
    assert isinstance(tile, TileEvent)
    assert isinstance(swarm, SwarmEvent)
    assert len(projection.apply(lifecycle.CHANGED, changed(view("coder"), conflict), NOW)) == 1


def test_silence_and_stops_are_signals_of_their_own() -> None:
    projection = with_agents(view("coder"), view("scribe", ContainerState.STOPPED))
    assert tiles(projection) == {"coder": Signal.LIVE, "scribe": Signal.DOWN}
    projection.put_status("coder", AgentStatus(state=AgentState.IDLE, since=NOW))
    (event,) = projection.put_silent({"coder"}, NOW + timedelta(seconds=9))
    assert isinstance(event, TileEvent)
    assert (event.agent.signal, event.agent.signal_since) == (Signal.NO_SIGNAL, NOW + timedelta(seconds=9))
    assert projection.put_silent({"coder"}, NOW + timedelta(seconds=10)) == []
    (event,) = projection.put_silent(set(), NOW + timedelta(seconds=11))
    assert isinstance(event, TileEvent)
    assert event.agent.signal is Signal.LIVE
    crashed = view("coder", ContainerState.CRASHED, NOW + timedelta(seconds=12))
    (event,) = projection.apply(lifecycle.CHANGED, changed(crashed), NOW + timedelta(seconds=13))
    assert isinstance(event, TileEvent)
    assert (event.agent.signal, event.agent.signal_since) == (Signal.DOWN, crashed.container_since)


def test_a_new_run_does_not_wear_the_last_runs_status() -> None:
    projection = with_agents(view("coder"))
    projection.put_status("coder", AgentStatus(state=AgentState.IDLE, since=NOW))
    projection.apply(lifecycle.CHANGED, changed(view("coder", ContainerState.STOPPED, NOW + timedelta(1))), NOW)
    assert projection.status("coder") is not None, "what it last said stays readable while it is down"
    projection.apply(lifecycle.CHANGED, changed(view("coder", since=NOW + timedelta(2))), NOW)
    assert projection.status("coder") is None


def test_a_status_that_changes_nothing_is_no_event() -> None:
    projection = with_agents(view("coder"))
    status = AgentStatus(state=AgentState.IDLE, since=NOW)
    assert len(projection.put_status("coder", status)) == 1
    assert projection.put_status("coder", status) == []


def test_services_are_unreachable_until_they_answer() -> None:
    projection = Projection(FACTS)
    assert projection.snapshot("x:0").swarm.unreachable == ["approvals", "broker", "lifecycle"]
    (event,) = projection.put_reachable("broker", True)
    assert isinstance(event, SwarmEvent)
    assert event.swarm.unreachable == ["approvals", "lifecycle"]
    assert projection.put_reachable("broker", True) == []


def test_old_messages_make_room_for_new_ones() -> None:
    newest = NewestMessages(kept=3)
    for number in range(1, 6):
        newest.put(message(number))
    assert [m.id for m in newest.shown()[0]] == [3, 4, 5]
    assert newest.more
    assert ([m.id for m in newest.shown(limit=2)[0]], newest.shown(limit=2)[1]) == ([4, 5], True)


def test_large_messages_are_held_within_bytes() -> None:
    newest = NewestMessages(kept_bytes=5000)
    for number in range(1, 6):
        newest.put(message(number, body="x" * 2000))
    assert [m.id for m in newest.shown()[0]] == [4, 5]
    assert [m.id for m in newest.shown(limit_bytes=10)[0]] == [5], "a page shows one at least"


# Any interleaving of a snapshot with the events after it gives the state that the events alone give.

Step = tuple[broker.Event[Received] | broker.Event[Moved], Received | Moved]


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


def _snapshot_after(steps: list[Step]) -> BrokerSnapshot:
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


def _run(steps: list[Step], asked: int, made: int, came: int) -> Snapshot:
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
    projection.install(_snapshot_after(steps[:made]), NOW)
    take(waiting)
    for event in numbered[came:]:
        take(source.take(event))
    return projection.snapshot("x:0")


@given(steps=broker_steps(), data=st.data())
def test_any_interleaving_of_snapshot_and_events_gives_the_same_state(steps: list[Step], data: st.DataObject) -> None:
    made = data.draw(st.integers(0, len(steps)))
    asked = data.draw(st.integers(0, made))
    came = data.draw(st.integers(asked, len(steps)))
    assert _run(steps, asked, made, came) == _run(steps, 0, 0, 0)
