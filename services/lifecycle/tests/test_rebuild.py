"""A rebuild: all of an agent that lies on the host is made anew."""

import json
import shutil

import pytest
from hive_wire import builds, lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, Transient

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("rebuild")]


def lose_credentials(hive, name: str) -> None:
    (hive.state / "agents" / name / "run" / "agent.creds").unlink()


def garble_credentials(hive, name: str) -> None:
    (hive.state / "agents" / name / "run" / "agent.creds").write_text("-----BEGIN NATS USER JWT-----\nxx.yy.zz\n")


def garble_settings(hive, name: str) -> None:
    (hive.state / "agents" / name / "run" / "settings.json").write_bytes(b"\xff{")


def lose_container(hive, name: str) -> None:
    (hive.state / "runtime" / name / "spec.json").unlink()


def garble_container(hive, name: str) -> None:
    (hive.state / "runtime" / name / "spec.json").write_text("{")


def lose_folders(hive, name: str) -> None:
    shutil.rmtree(hive.state / "agents" / name)


def lose_repositories(hive, name: str) -> None:
    for kind in ("proposed", "applied"):
        shutil.rmtree(hive.state / "config" / kind / name)


def lose_flake(hive, name: str) -> None:
    shutil.rmtree(hive.state / "meta")


def garble_lock(hive, name: str) -> None:
    (hive.state / "meta" / "flake.lock").write_text("{")


@pytest.mark.spec("LIF-3", door="wire")
async def test_a_rebuild_alone_recovers_an_agent_from_any_damage_on_the_host(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("ant")
    await hive.approve(70, "ant", {"model": "opus"})
    assert (await hive.finished(70)).ok
    (hive.work("ant") / "diary").write_text("kept")
    damages = [
        lose_credentials, garble_credentials, garble_settings, lose_container, garble_container, lose_folders,
        lose_flake, garble_lock,
    ]  # fmt: skip
    for damage in damages:
        damage(hive, "ant")
        accepted = await hive.do(lifecycle.REBUILD, "ant")
        assert accepted.agent.transient is Transient.REBUILDING, damage
        ended = await hive.ended(accepted)
        assert (ended.ok, ended.error) == (True, None), damage
        view = await hive.until("ant", container=ContainerState.RUNNING, transient=None)
        assert (view.revision, view.error) == (hive.commit(70), None), damage
        settings = json.loads((hive.state / "agents" / "ant" / "run" / "settings.json").read_text())
        assert (settings["model"], settings["revision"]) == ("opus", hive.commit(70)), damage
        assert (await hive.runtime.status("ant")).state == "running"
        locked = json.loads((hive.state / "meta" / "flake.lock").read_text())["nodes"]["agent-ant"]["locked"]
        assert locked["rev"] == hive.commit_id(70)
        hive.events.clear()
    assert (hive.work("ant") / "diary").read_text() == "kept"


async def test_a_rebuild_takes_what_approvals_has_when_the_repositories_were_lost(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("bee")
    await hive.approve(71, "bee", {"model": "opus"})
    assert (await hive.finished(71)).ok
    lose_repositories(hive, "bee")
    accepted = await hive.do(lifecycle.REBUILD, "bee")
    view = await hive.done(accepted)
    assert (view.revision, view.container) == (hive.commit(0), ContainerState.RUNNING)
    assert f"repos: {hive.commit(71)} is gone; {hive.commit(0)} takes its place" in await hive.printed(accepted)
    assert "model" not in hive.report("bee")["settings"]


async def test_a_rebuild_keeps_what_was_deployed_while_approvals_lags_behind(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("cat")
    await hive.approve(72, "cat", {"model": "opus"})
    assert (await hive.finished(72)).ok  # its commit is on a branch of its own yet, main is where it was
    view = await hive.done(await hive.do(lifecycle.REBUILD, "cat"))
    assert view.revision == hive.commit(72)
    assert hive.report("cat")["settings"]["model"] == "opus"


@pytest.mark.spec("LIF-1", door="wire")
async def test_a_rebuild_starts_an_agent_that_shall_run_and_leaves_a_stopped_one_stopped(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("dog")
    first = (await hive.runtime.status("dog")).pid
    await hive.done(await hive.do(lifecycle.REBUILD, "dog"))
    assert (await hive.runtime.status("dog")).pid != first
    assert (await hive.event("agent.rebuilt", "dog"))["ok"]
    await hive.done(await hive.do(lifecycle.STOP, "dog"))
    garble_settings(hive, "dog")
    view = await hive.done(await hive.do(lifecycle.REBUILD, "dog"))
    assert (view.container, view.wanted) == (ContainerState.STOPPED, False)
    assert json.loads((hive.state / "agents" / "dog" / "run" / "settings.json").read_text())["agent"] == "dog"


@pytest.mark.spec("LIF-6", door="wire")
async def test_an_action_says_what_it_does_and_how_it_ended_also_afterwards(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("eel")
    accepted = await hive.do(lifecycle.REBUILD, "eel")
    await hive.done(accepted)
    lines = await hive.printed(accepted)
    assert f"prepare: agent-eel locked to {hive.commit(0)}" in lines
    assert "settle: waiting up to 2 s for its turn to end" in lines
    assert "health: it runs and serves its tools" in lines
    assert lines[-1] == "done"
    live = [p for n, p in hive.events if n == "action.printed" and p["action"] == accepted.action]
    assert [line["text"] for batch in live for line in batch["lines"]] == lines
    last = (await hive.operator.call(builds.ACTIONS, builds.ActionsRequest(agent="eel", limit=1))).actions[0]
    assert (last.id, last.kind, last.lines, last.error) == (accepted.action, "rebuild", len(lines), None)
    assert last.ended_at is not None

    (hive.work("eel") / "broken").touch()
    failed = await hive.do(lifecycle.REBUILD, "eel")
    assert not (await hive.ended(failed)).ok
    last_words = (await hive.printed(failed))[-1]
    assert last_words.startswith("failed: ")
    assert "this harness is broken" in last_words
    (hive.work("eel") / "broken").unlink()


async def test_the_manager_can_not_rebuild_itself_and_may_rebuild_others(shared_hive) -> None:
    hive = shared_hive
    await hive.spawned("fox")
    manager = await hive.nats.bus("manager")
    with pytest.raises(Refusal) as refused:
        await manager.call(lifecycle.REBUILD, AgentName(name="manager"))
    assert refused.value.code is ErrorCode.MANAGER_PROTECTED
    accepted = await manager.call(lifecycle.REBUILD, AgentName(name="fox"))
    assert (await hive.ended(accepted)).requested_by == "manager"
