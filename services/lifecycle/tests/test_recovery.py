"""Lifecycle killed at any point of any action: its next start brings the action to its end."""

import json
import os
import signal

import pytest
from hive_kit.testing import eventually, some_of
from hive_wire import builds, lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest

SPAWN = ("inbox", "repos", "prepare", "folders", "credentials", "container", "finalize", "start")
RESTART = ("stop", "container", "start")
DESTROY = ("container", "credentials", "inbox", "flake", "repos", "folders")
SIDES = ("before", "after")
REBUILD = ("repos", "prepare", "settle", "configure", "install", "start", "health", "finalize")


async def die(hive, verb, request) -> None:
    """Ask for what leads to the fault, and wait for lifecycle's death."""
    try:
        await hive.operator.call(verb, request, timeout=2)
    except Refusal as refusal:
        assert refusal.code in {ErrorCode.TIMEOUT, ErrorCode.UNAVAILABLE}
    assert await hive.died() == -signal.SIGKILL


async def manager_is_up(hive) -> None:
    """So that faults hit the action that the test asks for."""
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)


@pytest.mark.spec("LIF-9", door="chaos")
async def test_a_spawn_cut_off_anywhere_is_finished_at_the_next_start(hive):
    await manager_is_up(hive)
    faults = [f"spawn.{step}:after" for step in reversed(some_of(SPAWN, 4))]
    await hive.terminate()
    for number, fault in enumerate(faults):  # from the last to the first: what is resumed is past the next fault
        await hive.start(fault)
        await die(hive, lifecycle.SPAWN, AgentName(name=f"agent-{number}"))
    await hive.start()
    for number in range(len(faults)):
        view = await hive.until(f"agent-{number}", container=ContainerState.RUNNING, transient=None)
        assert view.error is None
        assert (await hive.event("agent.spawned", view.name))["ok"]


@pytest.mark.spec("LIF-9", door="chaos")
async def test_a_destroy_cut_off_anywhere_is_finished_at_the_next_start(hive):
    await hive.start_revoker()
    await manager_is_up(hive)
    steps = some_of(DESTROY, 3)
    for step in steps:
        await hive.spawned(f"for-{step}")
    await hive.terminate()
    for step in reversed(steps):
        await hive.start(f"destroy.{step}:after")
        await die(hive, lifecycle.DESTROY, DestroyRequest(name=f"for-{step}", purge=True))
    await hive.start()
    for step in steps:
        name = f"for-{step}"
        assert (await hive.event("agent.destroyed", name))["ok"]
        await hive.event("agent.removed", name)
        assert not (hive.state / "agents" / name).exists()
        assert (await hive.runtime.status(name)).state == "absent"


@pytest.mark.spec("LIF-9", door="chaos")
async def test_a_restart_cut_off_anywhere_leaves_the_agent_running(hive):
    await manager_is_up(hive)
    steps = some_of(RESTART, 3)
    for step in steps:
        await hive.spawned(f"for-{step}")
    await hive.terminate()
    for step in reversed(steps):
        await hive.start(f"restart.{step}:after")
        await die(hive, lifecycle.RESTART, AgentName(name=f"for-{step}"))
    await hive.start()
    for step in steps:
        await hive.until(f"for-{step}", container=ContainerState.RUNNING, transient=None)
        assert (await hive.event("agent.restarted", f"for-{step}"))["ok"]


@pytest.mark.spec("LIF-9", door="chaos")
@pytest.mark.parametrize("fault", some_of([f"rebuild.{step}:{side}" for step in REBUILD for side in SIDES], 2))
async def test_a_rebuild_cut_off_anywhere_ends_once_says_so_and_clears_the_transient(hive, fault: str):
    await manager_is_up(hive)
    await hive.spawned("coder")
    await hive.terminate()
    (hive.state / "agents" / "coder" / "run" / "settings.json").unlink()
    await hive.start(fault)
    await die(hive, lifecycle.REBUILD, AgentName(name="coder"))
    await hive.start()
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None)
    assert (view.error, view.revision) == (None, hive.commit(0))
    told = await eventually(lambda: hive.in_stream("agent.rebuilt"))
    assert [(p["agent"], p["ok"]) for p in told] == [("coder", True)]
    action = (await hive.operator.call(builds.ACTIONS, builds.ActionsRequest(agent="coder", limit=1))).actions[0]
    page = await hive.operator.call(builds.OUTPUT, builds.OutputRequest(action=action.id, limit=2000))
    lines = [line.text for line in page.lines]
    assert [line.n for line in page.lines] == list(range(1, len(lines) + 1))
    assert len([line for line in lines if line.startswith("the service was stopped here; the rebuild goes on")]) == 1
    assert lines[-1] == "done"
    assert json.loads((hive.state / "agents" / "coder" / "run" / "settings.json").read_text())["agent"] == "coder"
    assert not list((hive.state / "meta.prepared").glob("*"))


@pytest.mark.spec("LIF-9", door="chaos")
async def test_a_killed_service_adopts_what_runs_and_starts_what_went_away_meanwhile(hive):
    await hive.start()
    await hive.spawned("coder")
    await hive.spawned("writer")
    kept = (await hive.runtime.status("coder")).pid
    gone = (await hive.runtime.status("writer")).pid
    assert gone is not None
    hive.kill()
    os.kill(gone, signal.SIGKILL)
    await hive.runtime.wait_for_exit("writer")
    await hive.start()
    await hive.event("agent.started", "writer")
    await hive.until("writer", container=ContainerState.RUNNING, transient=None)
    assert (await hive.runtime.status("coder")).pid == kept
    assert not [name for name, _ in hive.events if name == "agent.crashed"]


async def test_an_action_survives_a_restart_of_nats(hive):
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)
    accepted = await hive.spawn("coder")
    await hive.nats.restart()
    await hive.until("coder", container=ContainerState.RUNNING, transient=None)

    async def told() -> bool:
        return any(p.get("action") == accepted.action and p["ok"] for n, p in hive.events if n == "agent.spawned")

    await eventually(told)
