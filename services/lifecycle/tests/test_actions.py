"""Actions as the operator meets them."""

import asyncio
import os
import signal
from itertools import pairwise

import pytest
from hive_kit.bus import Bus
from hive_kit.testing import eventually
from hive_wire import agent as harness
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest, LogsRequest, Transient
from hive_wire.model import Empty


@pytest.mark.spec("LIF-1", door="wire")
async def test_a_spawn_answers_at_once_and_ends_as_an_event(hive) -> None:
    await hive.start()
    accepted = await hive.spawn("coder")
    assert accepted.agent.transient is Transient.SPAWNING
    assert "coder" in hive.neighbours.inboxes
    view = await hive.done(accepted)
    assert (view.container, view.transient, view.wanted) == (ContainerState.RUNNING, None, True)
    assert view.revision == hive.commit(0)
    assert hive.neighbours.seeded["coder"] == "operator"
    assert (await hive.event("agent.spawned", "coder"))["requested_by"] == "operator"
    settings = hive.report("coder")["settings"]
    assert settings["http_port"] == view.port
    assert settings["model_base_url"] == "http://127.0.0.1:9/coder"


@pytest.mark.spec("LIF-5", door="wire")
async def test_the_manager_is_made_at_the_first_start_and_stays(hive) -> None:
    await hive.start()
    view = await hive.until("manager", container=ContainerState.RUNNING, transient=None)
    assert (view.role, view.port) == ("manager", 8000)
    with pytest.raises(Refusal) as refused:
        await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="manager", purge=True))
    assert refused.value.code is ErrorCode.MANAGER_PROTECTED


@pytest.mark.spec("LIF-2", door="wire")
async def test_a_second_action_is_refused_with_the_first_named_and_other_agents_go_on(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    restart = await hive.do(lifecycle.RESTART, "coder")
    with pytest.raises(Refusal) as refused:
        await hive.do(lifecycle.STOP, "coder")
    assert refused.value.code is ErrorCode.ACTION_IN_FLIGHT
    assert refused.value.details["action"] == "restarting"
    other = await hive.spawn("writer")
    await hive.done(restart)
    await hive.done(other)


@pytest.mark.spec("LIF-1", door="wire")
async def test_an_agent_is_stopped_started_restarted_and_killed(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    view = await hive.done(await hive.do(lifecycle.STOP, "coder"))
    assert (view.container, view.wanted) == (ContainerState.STOPPED, False)
    again = await hive.do(lifecycle.STOP, "coder")
    assert again.agent.transient is None
    view = await hive.done(await hive.do(lifecycle.START, "coder"))
    assert (view.container, view.wanted) == (ContainerState.RUNNING, True)
    first = (await hive.runtime.status("coder")).pid
    await hive.done(await hive.do(lifecycle.RESTART, "coder"))
    assert (await hive.runtime.status("coder")).pid != first
    view = await hive.done(await hive.do(lifecycle.KILL, "coder"))
    assert (view.container, view.exit) == (ContainerState.STOPPED, None)
    assert not [name for name, _ in hive.events if name == "agent.crashed"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Coder", ErrorCode.BAD_NAME),
        ("../x", ErrorCode.BAD_NAME),
        ("a.b", ErrorCode.BAD_NAME),
        ("operator", ErrorCode.RESERVED_NAME),
        ("manager", ErrorCode.RESERVED_NAME),
        ("broker", ErrorCode.RESERVED_NAME),
    ],
)
async def test_a_name_that_can_not_be_an_agents_is_refused(idle_hive, name: str, code: ErrorCode) -> None:
    with pytest.raises(Refusal) as refused:
        await idle_hive.spawn(name)
    assert refused.value.code is code


@pytest.mark.spec("PRT-2", door="wire")
async def test_two_agents_whose_names_hash_to_one_port_can_not_both_be(hive) -> None:
    hive.own["agent_ports"] = {"manager": 8000, "first": 8100, "last": 8100}
    await hive.start()
    await hive.spawned("coder")
    with pytest.raises(Refusal) as refused:
        await hive.spawn("writer")
    assert refused.value.code is ErrorCode.PORT_TAKEN
    assert refused.value.message == "port 8100 already taken by coder, rename one of them"


@pytest.mark.spec("PRT-2", door="wire")
async def test_a_rebuild_is_refused_while_another_agent_has_its_port(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.spawned("writer")
    await hive.terminate()
    hive.own["agent_ports"] = {"manager": 8000, "first": 8100, "last": 8100}
    await hive.start()
    with pytest.raises(Refusal) as refused:
        await hive.do(lifecycle.REBUILD, "writer")
    assert refused.value.code is ErrorCode.PORT_TAKEN
    assert refused.value.message == "port 8100 already taken by coder, rename one of them"


async def test_a_taken_name_is_refused_also_when_only_state_is_kept(hive) -> None:
    await hive.start()
    await hive.start_revoker()
    await hive.spawned("coder")
    with pytest.raises(Refusal) as refused:
        await hive.spawn("coder")
    assert refused.value.code is ErrorCode.NAME_TAKEN
    await hive.ended(await hive.do(lifecycle.DESTROY, "coder"))
    with pytest.raises(Refusal) as refused:
        await hive.spawn("coder")
    assert refused.value.code is ErrorCode.NAME_TAKEN
    assert (hive.state / "shared" / "agents" / "coder" / "state").is_dir()
    assert not (hive.state / "agents" / "coder" / "run").exists()


@pytest.mark.spec("OPS-4", door="wire")
async def test_a_destroyed_agent_is_off_nats_at_once_and_purged(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    stolen = hive.state / "stolen.creds"
    stolen.write_text((hive.state / "agents" / "coder" / "run" / "agent.creds").read_text())
    thief = await hive.nats.bus("thief-of-coder")

    connected = await Bus.connect(hive.nats.url, "coder", stolen, wait_seconds=5)
    destroy = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="coder", purge=True))
    assert destroy.agent.transient is Transient.DESTROYING
    await hive.start_revoker()  # until it is up, the action goes on asking
    ended = await hive.ended(destroy)
    assert ended.ok
    assert ended.purged
    await asyncio.wait_for(connected.closed.wait(), 5)
    with pytest.raises(Refusal) as refused:
        await Bus.connect(hive.nats.url, "coder", stolen, wait_seconds=5)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert not thief.closed.is_set()
    await hive.event("agent.removed", "coder")
    assert "coder" not in hive.neighbours.inboxes
    for place in ("agents/coder", "shared/agents/coder", "config/proposed/coder", "runtime/coder"):
        assert not (hive.state / place).exists()
    await hive.spawned("coder")


@pytest.mark.spec("WAT-1", door="wire")
async def test_a_container_gone_by_itself_is_told_and_brought_back(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    pid = (await hive.runtime.status("coder")).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert (await hive.event("agent.crashed", "coder"))["exit"] == "signal 9"
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None, restarts=1)
    assert view.exit is None
    assert (await hive.event("agent.started", "coder"))["requested_by"] == "lifecycle"
    assert (await hive.runtime.status("coder")).pid != pid


async def test_an_agent_that_keeps_crashing_is_tried_again_until_it_is_stopped(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    work = hive.state / "shared" / "agents" / "coder" / "state"
    (work / "broken").touch()
    restart = await hive.do(lifecycle.RESTART, "coder")
    ended = await hive.ended(restart)
    assert not ended.ok
    assert "this harness is broken" in (ended.error or "")
    await eventually(lambda: hive.view("coder"), lambda view: view.restarts >= 2)

    async def stop() -> bool:
        try:
            await hive.do(lifecycle.STOP, "coder")
        except Refusal as refusal:
            assert refusal.code is ErrorCode.ACTION_IN_FLIGHT
            return False
        return True

    await eventually(stop)
    await hive.until("coder", container=ContainerState.STOPPED, wanted=False, transient=None)


async def test_a_spawn_that_fails_says_why_and_can_be_started_later(hive) -> None:
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING)
    hive.neighbours.refuse_seeding = True
    ended = await hive.ended(await hive.spawn("coder"))
    assert not ended.ok
    view = await hive.until("coder", container=ContainerState.ABSENT, transient=None)
    assert view.error == "the repositories could not be made"
    hive.neighbours.refuse_seeding = False
    view = await hive.done(await hive.do(lifecycle.START, "coder"))
    assert (view.container, view.error) == (ContainerState.RUNNING, None)


@pytest.mark.spec("WAT-3", door="wire")
async def test_every_change_of_a_view_is_told_whole_and_only_once(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    told = [p["agent"] for n, p in hive.events if n == "agent.changed" and p["agent"]["name"] == "coder"]
    assert told[0]["transient"] == "spawning"
    assert told[-1] == (await hive.view("coder")).model_dump(mode="json")
    assert all(before != after for before, after in pairwise(told))


async def test_the_snapshot_goes_with_the_events(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    dashboard = await hive.nats.bus("dashboard")
    snapshot = await dashboard.call(lifecycle.SNAPSHOT, Empty())
    assert [agent.name for agent in snapshot.agents] == ["manager", "coder"]
    assert snapshot.outbox_id >= len(hive.events) > 0
    assert not snapshot.capabilities.sandboxed
    with pytest.raises(Refusal) as refused:
        await hive.operator.call(lifecycle.SNAPSHOT, Empty())
    assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.spec("WAT-4", door="wire")
async def test_logs_stay_readable_after_a_stop(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    reply = await hive.operator.call(lifecycle.LOGS, LogsRequest(name="coder", lines=5))
    assert "coder is up" in reply.lines
    with pytest.raises(Refusal) as refused:
        await hive.operator.call(lifecycle.LOGS, LogsRequest(name="nobody"))
    assert refused.value.code is ErrorCode.UNKNOWN_AGENT


async def test_a_suspended_swarm_begins_nothing_and_comes_back_as_it_was(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.spawned("writer")
    await hive.done(await hive.do(lifecycle.STOP, "writer"))
    await hive.operator.call(lifecycle.SUSPEND, Empty())
    view = await hive.view("coder")
    assert (view.container, view.wanted) == (ContainerState.STOPPED, True)
    assert (await hive.runtime.status("coder")).state == "stopped"
    with pytest.raises(Refusal) as refused:
        await hive.do(lifecycle.START, "writer")
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert await hive.terminate() == 0
    await hive.start()
    await hive.until("coder", container=ContainerState.RUNNING, transient=None)
    assert (await hive.view("writer")).container is ContainerState.STOPPED


async def test_an_operator_asks_the_harness_that_runs(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    status = await hive.operator.call(harness.STATUS, Empty(), agent="coder")
    assert status.state == "idle"
    known = await hive.operator.call(lifecycle.LIST, Empty())
    assert "coder" in {agent.name for agent in known.agents}
    assert (await hive.operator.call(lifecycle.STATUS, AgentName(name="coder"))).name == "coder"
