"""Lifecycle killed at any point of a deploy: its next start brings the deploy to its one end."""

import json
import signal

import pytest
from hive_kit.testing import eventually, some_of
from hive_wire.approvals import ApprovalKind
from hive_wire.lifecycle import ContainerState

THERE = ("prepare", "build", "settle", "configure", "install", "start", "health", "finalize")
BACK = tuple(f"rollback_{step}" for step in ("settle", "configure", "install", "start", "health", "flake"))
SPAWN = ("prepare", "build", "configure", "install", "start", "health", "finalize")
UNDONE = tuple(f"rollback_{step}" for step in ("container", "credentials", "inbox", "flake", "folders"))


def points(kind: str, *steps: str) -> list[str]:
    return [f"{kind}.{step}:{side}" for step in steps for side in ("before", "after")]


async def ready(hive) -> None:
    """The manager is up, so that faults hit the deploy alone."""
    await hive.start_revoker()
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)


def assert_flake_has(hive, **agents: str) -> None:
    """Exactly these agents and the manager, at these commits, and nothing that was prepared is left."""
    nodes = json.loads((hive.state / "meta" / "flake.lock").read_text())["nodes"]
    found = {key.removeprefix("agent-"): node["locked"]["rev"] for key, node in nodes.items() if "agent-" in key}
    assert found == {"manager": hive.commit_id(0), **agents}
    assert not list((hive.state / "meta.prepared").glob("*"))


async def assert_told_once(hive, number: int, last: str) -> None:
    """The stream has the deploy's beginning and its end once, counted when it has `last`, the end's last event."""
    await eventually(lambda: hive.in_stream(last), lambda told: any(p["agent"] == "coder" for p in told))
    for name in ("deploy.started", "deploy.finished"):
        assert [p["approval"] for p in await hive.in_stream(name)].count(number) == 1


@pytest.mark.parametrize("fault", some_of(["deploy.queued:after", *points("deploy", *THERE, "finish")], 3))
@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.spec("REL-2", door="chaos")
async def test_a_deploy_cut_off_anywhere_ends_once_and_is_deployed(hive, fault: str) -> None:
    await ready(hive)
    await hive.spawned("coder")
    await hive.terminate()
    await hive.start(fault)
    await hive.approve(7, "coder", {"model": "opus"})
    assert await hive.died() == -signal.SIGKILL
    await hive.start()
    finished = await hive.finished(7)
    assert (finished.ok, finished.error) == (True, None)
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None, approval=None)
    assert (view.revision, view.error) == (hive.commit(7), None)
    settings = hive.report("coder")["settings"]
    assert (settings["model"], settings["revision"]) == ("opus", hive.commit(7))
    await assert_told_once(hive, 7, "agent.rebuilt")
    assert_flake_has(hive, coder=hive.commit_id(7))


async def test_a_deploy_that_went_down_with_its_agent_is_no_sick_one(hive) -> None:
    await ready(hive)
    await hive.spawned("coder")
    await hive.terminate()
    await hive.start("deploy.health:before")
    await hive.approve(7, "coder", {"model": "opus"})
    assert await hive.died() == -signal.SIGKILL
    await hive.runtime.kill("coder")
    await hive.start()
    assert (await hive.finished(7)).ok
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None)
    assert view.revision == hive.commit(7)


@pytest.mark.parametrize("fault", some_of(points("deploy", *BACK, "finish"), 2))
@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.spec("REL-2", door="chaos")
async def test_a_roll_back_cut_off_anywhere_ends_once_with_what_ran_before(hive, fault: str) -> None:
    await ready(hive)
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    await hive.terminate()
    await hive.start(fault)
    await hive.approve(8, "coder", {"model": "refused"})
    assert await hive.died() == -signal.SIGKILL
    await hive.start()
    finished = await hive.finished(8)
    assert not finished.ok
    assert f"rolled back to {hive.commit(7)}" in (finished.error or "")
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None, approval=None)
    assert (view.revision, view.error) == (hive.commit(7), finished.error)
    settings = hive.report("coder")["settings"]
    assert (settings["model"], settings["revision"]) == ("opus", hive.commit(7))
    await eventually(lambda: hive.in_stream("agent.rebuilt"), lambda told: len(told) == 2)
    await assert_told_once(hive, 8, "agent.rebuilt")
    assert_flake_has(hive, coder=hive.commit_id(7))


@pytest.mark.parametrize("fault", some_of(points("spawn", *SPAWN, "finish"), 2))
@pytest.mark.spec("REL-2", door="chaos")
async def test_an_approved_spawn_cut_off_anywhere_ends_once_with_the_agent_running(hive, fault: str) -> None:
    await ready(hive)
    await hive.terminate()
    hive.neighbours.make_repos("coder")
    await hive.start(fault)
    await hive.approve(7, "coder", {"model": "opus"}, ApprovalKind.SPAWN)
    assert await hive.died() == -signal.SIGKILL
    await hive.start()
    assert (await hive.finished(7)).ok
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None, approval=None)
    assert view.revision == hive.commit(7)
    await assert_told_once(hive, 7, "agent.spawned")
    assert len([p for p in await hive.in_stream("agent.spawned") if p["agent"] == "coder"]) == 1
    assert_flake_has(hive, coder=hive.commit_id(7))


@pytest.mark.parametrize("fault", some_of(points("spawn", *UNDONE, "finish"), 2))
@pytest.mark.spec("REL-2", door="chaos")
async def test_a_failed_spawn_cut_off_anywhere_on_its_way_back_leaves_no_agent(hive, fault: str) -> None:
    await ready(hive)
    await hive.terminate()
    hive.neighbours.make_repos("coder")
    await hive.start(fault)
    await hive.approve(7, "coder", {"model": "refused"}, ApprovalKind.SPAWN)
    assert await hive.died() == -signal.SIGKILL
    await hive.start()
    assert not (await hive.finished(7)).ok
    await assert_told_once(hive, 7, "agent.spawned")
    assert len([p for p in await hive.in_stream("agent.removed") if p["name"] == "coder"]) == 1
    assert (await hive.runtime.status("coder")).state == "absent"
    assert "coder" not in hive.neighbours.inboxes
    assert hive.work("coder").is_dir()
    assert_flake_has(hive)
