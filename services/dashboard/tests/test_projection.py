"""What the page shows after snapshots and events."""

from datetime import timedelta

from hive_dashboard.messages import NewestMessages
from hive_dashboard.projection import Projection
from hive_wire import broker, builds, lifecycle, rollouts, tombstones
from hive_wire.broker import MessageState, Moved, Received
from hive_wire.builds import OutputLine, Printed
from hive_wire.lifecycle import AgentName, ContainerState, LifecycleSnapshot, PortConflict
from hive_wire.live import AgentState, AgentStatus
from hive_wire.page import (
    MessageEvent,
    PrintedEvent,
    ReceiptEvent,
    RolloutEvent,
    Signal,
    SwarmEvent,
    TileEvent,
    TileRemovedEvent,
    TombstoneEvent,
    TombstoneRemovedEvent,
)

from services.dashboard.tests.values import (
    CAPABILITIES,
    FACTS,
    NOW,
    T0,
    changed,
    counts,
    message,
    rollout,
    tiles,
    tombstone,
    view,
    with_agents,
)


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


def test_a_rollout_stays_until_a_later_one_has_ended() -> None:
    projection = with_agents()
    for number, ended in ((1, False), (1, True), (2, False), (3, False), (3, True)):
        (event,) = projection.apply(rollouts.ROLLOUT_CHANGED, rollout(number, ended), NOW)
        assert isinstance(event, RolloutEvent)
        assert event.rollout.id == number
    assert [(held.id, held.ended_at) for held in projection.snapshot("x:0").rollouts] == [(2, None), (3, NOW)]


def test_what_is_printed_is_passed_on_and_not_held() -> None:
    projection = with_agents(view("coder"))
    before = projection.snapshot("x:0")
    line = OutputLine(n=1, at=T0, text="building")
    (event,) = projection.apply(builds.PRINTED, Printed(action=7, agent="coder", lines=[line]), NOW)
    assert event == PrintedEvent(action=7, agent="coder", lines=[line])
    assert projection.snapshot("x:0") == before


def test_tombstones_come_change_and_go_by_name() -> None:
    projection = with_agents(view("coder"))
    for kept in (tombstone("zoe"), tombstone("abe"), tombstone("zoe", 2)):
        assert projection.apply(tombstones.TOMBSTONE_MADE, kept, NOW) == [TombstoneEvent(tombstone=kept)]
    assert [(kept.name, kept.size_bytes) for kept in projection.snapshot("x:0").tombstones] == [("abe", 1), ("zoe", 2)]
    removed = tombstones.TOMBSTONE_REMOVED
    assert projection.apply(removed, AgentName(name="abe"), NOW) == [TombstoneRemovedEvent(name="abe")]
    assert projection.apply(removed, AgentName(name="abe"), NOW) == []
    assert projection.apply(removed, AgentName(name="coder"), NOW) == [], "the agent of that name lives on"
    assert list(tiles(projection)) == ["coder"]


def test_a_new_snapshot_replaces_rollouts_and_tombstones() -> None:
    projection = with_agents()
    projection.apply(rollouts.ROLLOUT_CHANGED, rollout(9), NOW)
    projection.apply(tombstones.TOMBSTONE_MADE, tombstone("abe"), NOW)
    snapshot = LifecycleSnapshot(
        agents=[], capabilities=CAPABILITIES, outbox_id=0, store="l", conflicts=[],
        rollouts=[rollout(1, True), rollout(2, True)], tombstones=[tombstone("zoe")],
    )  # fmt: skip
    projection.install(snapshot, NOW)
    shown = projection.snapshot("x:0")
    assert ([held.id for held in shown.rollouts], [kept.name for kept in shown.tombstones]) == ([2], ["zoe"])
