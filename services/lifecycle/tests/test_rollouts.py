"""Agents rebuilt one after another: because an input of the swarm's flake moved, or because they run something old."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pygit2
import pytest
from hive_kit.testing import eventually, some_of
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest
from hive_wire.model import Empty
from hive_wire.names import MANAGER
from hive_wire.rollouts import INPUTS, UPDATE_ALL, UPDATE_INPUTS, InputsUpdate, MetaInputs, Rollout, RolloutState

DONE, FAILED, SKIPPED = RolloutState.DONE, RolloutState.FAILED, RolloutState.SKIPPED


@pytest.fixture
def hive(hive, tmp_path: Path):
    """A swarm whose flake's input `hyperhive` is a git repository."""
    repository = pygit2.init_repository(str(tmp_path / "source"), initial_head="main")
    move(repository, "first")
    hive.own["flake"] = f"git+file://{tmp_path}/source"
    hive.own["turn_seconds"] = 1
    return hive


def move(repository: pygit2.Repository, text: str) -> str:
    """A new commit of the input `hyperhive`."""
    author = pygit2.Signature("hyperhive", "hyperhive@localhost", 1_700_000_000, 0)
    tree = repository.TreeBuilder()
    tree.insert("flake.nix", repository.create_blob(f"{{ outputs = _: {{ }}; }} # {text}\n".encode()), 0o100644)
    parents = [] if repository.head_is_unborn else [repository.head.target]
    return str(repository.create_commit("HEAD", author, author, text, tree.write(), parents))


def source(tmp_path: Path) -> pygit2.Repository:
    return pygit2.Repository(str(tmp_path / "source"))


async def inputs(hive) -> MetaInputs:
    return await hive.operator.call(INPUTS, Empty())


async def known(hive, *names: str) -> MetaInputs:
    """The inputs, once these agents are among them."""
    wanted = {"hyperhive", *(f"agent-{name}" for name in names)}
    return await eventually(lambda: inputs(hive), lambda found: wanted <= {i.name for i in found.inputs}, seconds=40)


async def update(hive, *names: str) -> Rollout:
    return await hive.operator.call(UPDATE_INPUTS, InputsUpdate(names=[*names]))


async def ended(hive, rollout: Rollout) -> Rollout:
    """The rollout as it was told at its end."""

    async def look() -> Rollout | None:
        told = [Rollout.model_validate(p) for n, p in hive.events if n == "rollout.changed"]
        return next((r for r in told if r.id == rollout.id and r.ended_at is not None), None)

    found = await eventually(look, seconds=90)
    assert found is not None
    return found


def outcome(rollout: Rollout) -> dict[str, RolloutState]:
    return {agent.name: agent.state for agent in rollout.agents}


def rebuilt(hive) -> list[dict[str, Any]]:
    return [p for n, p in hive.events if n == "agent.rebuilt"]


async def refusal(call) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value


@pytest.mark.spec("MET-3", door="wire")
@pytest.mark.spec("MET-4", door="wire")
async def test_an_update_of_hyperhive_rebuilds_all_agents_one_after_another(hive, tmp_path: Path) -> None:
    await hive.start()
    for name in ("coder", "poet"):
        await hive.spawned(name)
    await hive.done(await hive.do(lifecycle.STOP, "poet"))
    before = await known(hive, MANAGER, "coder", "poet")
    assert before.inputs[0].name == "hyperhive"
    assert (before.error, {i.agent for i in before.inputs}) == (None, {None, MANAGER, "coder", "poet"})
    refused = await refusal(update(hive, "hyperhive", "agent-nobody"))
    assert (refused.code, "agent-coder" in refused.details["known"]) == (ErrorCode.UNKNOWN_INPUT, True)
    running = (await hive.runtime.status("coder")).pid
    commit = move(source(tmp_path), "second")
    begun = await update(hive, "hyperhive", "agent-coder")
    assert [agent.name for agent in begun.agents] == [MANAGER, "coder", "poet"]
    second = await refusal(update(hive, "agent-poet"))
    assert (second.code, second.details["id"]) == (ErrorCode.ROLLOUT_IN_FLIGHT, begun.id)
    done = await ended(hive, begun)
    assert (outcome(done), done.error) == ({MANAGER: DONE, "coder": DONE, "poet": DONE}, None)
    after = await inputs(hive)
    assert (after.inputs[0].revision, after.commit) == (commit[:12], done.commit)
    assert log_of(hive)[0] == "lock update: hyperhive, agent-coder"
    assert (await hive.runtime.status("coder")).pid != running
    view = await hive.view("poet")
    assert (view.container, view.wanted, view.transient) == (ContainerState.STOPPED, False, None)
    told = [(p["agent"], p["ok"], p["requested_by"]) for p in rebuilt(hive)]
    assert told == [(name, True, "operator") for name in (MANAGER, "coder", "poet")]
    states = [outcome(Rollout.model_validate(p)) for n, p in hive.events if n == "rollout.changed"]
    assert all(sum(state is RolloutState.RUNNING for state in seen.values()) <= 1 for seen in states)
    dashboard = await hive.nats.bus("dashboard")
    assert (await dashboard.call(lifecycle.SNAPSHOT, Empty())).rollouts == [done]
    (hive.state / "meta" / "flake.lock").write_text('{"nodes": ')
    assert await _code(update(hive, "hyperhive")) is ErrorCode.BROKEN_LOCK
    broken = await inputs(hive)
    assert (broken.error is None, "coder" in [i.agent for i in broken.inputs]) == (False, True)


@pytest.mark.spec("MET-4", door="wire")
async def test_an_update_of_an_agents_input_waits_for_its_open_deploy_and_rebuilds_it_alone(hive) -> None:
    hive.own["turn_seconds"] = 20
    await hive.start()
    for name in ("coder", "poet"):
        await hive.spawned(name)
    await known(hive, "coder", "poet")
    turn = hive.work("coder") / "turn"
    turn.write_text("turn-1")
    await hive.approve(7, "coder", {"model": "opus"})
    await hive.event("deploy.started", "coder")
    begun = await update(hive, "agent-coder", "agent-poet")
    assert [agent.name for agent in begun.agents] == ["coder", "poet"]
    destroy = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="poet"))
    await hive.start_revoker()
    assert (await hive.ended(destroy)).ok
    turn.unlink()
    assert (await hive.finished(7)).ok
    done = await ended(hive, begun)
    assert outcome(done) == {"coder": DONE, "poet": SKIPPED}
    order = [n for n, p in hive.events if n == "deploy.finished" or (p.get("id") == begun.id and p.get("commit"))]
    assert order[0] == "deploy.finished"
    assert [(p["agent"], p["ok"]) for p in rebuilt(hive)] == [("coder", True)] * 2


@pytest.mark.spec("LIF-1", door="wire")
@pytest.mark.spec("MET-6", door="wire")
async def test_update_all_rebuilds_those_that_run_something_old_and_one_failing_stops_no_other(hive) -> None:
    await hive.start()
    for name in ("artist", "coder", "poet"):
        await hive.spawned(name)
    await hive.until(MANAGER, transient=None, container=ContainerState.RUNNING)
    empty = await hive.operator.call(UPDATE_ALL, Empty())
    assert (empty.agents, empty.ended_at is not None) == ([], True)
    for name in (MANAGER, "artist", "poet"):
        (hive.work(name) / "version").write_text("0.0.1")
        await hive.do(lifecycle.RESTART, name)
        await hive.until(name, needs_update=True, transient=None)
        (hive.work(name) / "version").unlink()
    (hive.work("artist") / "broken").touch()
    manager = await hive.nats.bus(MANAGER)
    begun = await manager.call(UPDATE_ALL, Empty())
    done = await ended(hive, begun)
    assert outcome(done) == {MANAGER: SKIPPED, "artist": FAILED, "poet": DONE}
    assert "harness ended" in (done.agents[1].error or "")
    await hive.until("poet", needs_update=False, container=ContainerState.RUNNING)
    assert [(p["agent"], p["ok"]) for p in rebuilt(hive)] == [("artist", False), ("poet", True)]
    assert await _code(manager.call(UPDATE_INPUTS, InputsUpdate(names=["hyperhive"]))) is ErrorCode.FORBIDDEN
    assert await _code(manager.call(lifecycle.REBUILD, AgentName(name=MANAGER))) is ErrorCode.MANAGER_PROTECTED


@pytest.mark.spec("MET-6", door="wire")
async def test_what_is_old_at_the_services_start_is_rebuilt_where_that_is_wanted(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.terminate()
    (hive.work("coder") / "version").write_text("0.0.1")
    hive.own["update_automatically"] = True
    await hive.start()
    told = await eventually(lambda: _last_rollout(hive), seconds=40)
    done = await ended(hive, Rollout.model_validate(told))
    assert (done.cause, done.requested_by, [a.name for a in done.agents]) == ("automatic", "lifecycle", ["coder"])


POINTS = [f"rollout.{at}" for at in ("prepare:before", "prepare:after", "finalize:after", "locked:after")]
POINTS += [
    "rollout.agent:before",
    "rollout.agent:after",
    "rebuild.start:after",
    "rebuild.finish:after",
    "rollout.end:before",
]


@pytest.mark.spec("LIF-9", door="chaos")
@pytest.mark.parametrize("fault", some_of(POINTS, 1))
async def test_a_rollout_that_is_cut_off_goes_on(hive, tmp_path: Path, fault: str) -> None:
    await hive.start(fault)
    await hive.spawned("coder")
    await known(hive, MANAGER, "coder")
    commit = move(source(tmp_path), "second")
    asked = asyncio.create_task(update(hive, "hyperhive"))
    assert await hive.died() == -9
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await hive.start()
    dashboard = await hive.nats.bus("dashboard")

    async def look() -> list[Rollout]:
        return (await dashboard.call(lifecycle.SNAPSHOT, Empty())).rollouts

    [done] = await eventually(look, lambda found: bool(found) and found[0].ended_at is not None, seconds=60)
    assert (outcome(done), done.error) == ({MANAGER: DONE, "coder": DONE}, None)
    assert (await inputs(hive)).inputs[0].revision == commit[:12]
    assert log_of(hive).count("lock update: hyperhive") == 1
    told = await eventually(lambda: hive.in_stream("agent.rebuilt"), lambda told: len(told) >= 2)
    assert [p["agent"] for p in told] == [MANAGER, "coder"]


def log_of(hive) -> list[str]:
    """The subjects of the flake's commits, the last one first."""
    command = ["git", "-c", "safe.directory=*", "-C", str(hive.state / "meta"), "log", "--format=%s"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


async def _code(call) -> ErrorCode | None:
    try:
        await call
    except Refusal as refused:
        return refused.code
    return None


async def _last_rollout(hive) -> dict[str, Any] | None:
    return next((p for n, p in reversed(hive.events) if n == "rollout.changed"), None)
