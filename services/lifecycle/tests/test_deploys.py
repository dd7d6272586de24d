"""Approved configurations, carried out."""

import pytest
from hive_kit.stream import follow, stream_start
from hive_kit.testing import eventually
from hive_wire import lifecycle
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest, Transient


@pytest.mark.spec("CFG-4", door="wire")
async def test_an_approved_configuration_is_what_the_agent_runs_with(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    first = (await hive.runtime.status("coder")).pid
    config = {
        "model": "opus",
        "prompt": {"append": "Be brief."},
        "tools": {"allow": ["Read"]},
        "messages": {"allow": ["manager"]},
        "mcp": {"issues": {"command": "issues-mcp"}},
    }
    await hive.approve(7, "coder", config)
    finished = await hive.finished(7)
    assert (finished.ok, finished.error, finished.commit) == (True, None, hive.commit_id(7))
    assert finished.notes == ["agent.nix was not used: the local runtime applies agent.toml only"]
    view = await hive.until("coder", transient=None, container=ContainerState.RUNNING)
    assert (view.revision, view.approval, view.error) == (hive.commit(7), None, None)
    assert (await hive.runtime.status("coder")).pid != first
    settings = hive.report("coder")["settings"]
    assert (settings["model"], settings["prompt_append"], settings["tools_allow"]) == ("opus", "Be brief.", ["Read"])
    assert settings["mcp_servers"]["issues"]["command"] == "issues-mcp"
    assert settings["revision"] == hive.commit(7)
    assert hive.neighbours.may_write_to["coder"] == ["manager"]
    assert (await hive.event("agent.rebuilt", "coder"))["ok"]
    names = [
        name for name, p in hive.events if p.get("agent") == "coder" and name not in {"agent.changed", "action.printed"}
    ]
    assert names[-3:] == ["deploy.started", "deploy.finished", "agent.rebuilt"]


@pytest.mark.parametrize("model", ["refused", "fleeting", "mute", "toolless"])
@pytest.mark.spec("APR-15", door="wire")
async def test_a_configuration_that_the_agent_does_not_come_up_with_is_rolled_back(hive, model: str) -> None:
    hive.own["ready_seconds"] = 3
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "sonnet", "messages": {"allow": ["operator"]}})
    assert (await hive.finished(7)).ok
    await hive.approve(8, "coder", {"model": model})
    finished = await hive.finished(8)
    assert not finished.ok
    assert f"rolled back to {hive.commit(7)}" in (finished.error or "")
    view = await hive.until("coder", transient=None, container=ContainerState.RUNNING)
    assert (view.revision, view.error) == (hive.commit(7), finished.error)
    assert hive.report("coder")["settings"]["model"] == "sonnet"
    assert hive.neighbours.may_write_to["coder"] == ["operator"]
    rebuilt = [p for n, p in hive.events if n == "agent.rebuilt"]
    assert [(p["ok"], p["error"]) for p in rebuilt] == [(True, None), (False, finished.error)]


@pytest.mark.spec("APR-15", door="wire")
async def test_an_agent_without_a_login_is_healthy(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    assert (await hive.view("coder")).logged_in is False


@pytest.mark.spec("APR-15", door="wire")
async def test_a_running_turn_may_end_before_the_switch(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    running = hive.work("coder") / "turn"
    running.write_text("turn-1")
    first = (await hive.runtime.status("coder")).pid
    (hive.work("coder") / "report.json").unlink()
    await hive.approve(7, "coder", {"model": "opus"})
    await eventually(lambda: _exists(hive.work("coder") / "report.json"))  # lifecycle has asked what it does
    assert (await hive.runtime.status("coder")).pid == first
    assert (await hive.view("coder")).transient is Transient.REBUILDING
    running.unlink()
    assert (await hive.finished(7)).ok
    assert (await hive.runtime.status("coder")).pid != first


async def test_a_turn_that_does_not_end_is_cut_off(hive) -> None:
    hive.own["turn_seconds"] = 1
    await hive.start()
    await hive.spawned("coder")
    (hive.work("coder") / "turn").write_text("turn-1")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok


@pytest.mark.spec("LIF-2", door="wire")
async def test_an_approved_deploy_waits_for_its_turn(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    restart = await hive.do(lifecycle.RESTART, "coder")
    await hive.approve(7, "coder", {"model": "opus"})
    await hive.approve(8, "coder", {"model": "sonnet"})
    assert (await hive.ended(restart)).ok
    assert (await hive.finished(7)).ok
    assert (await hive.finished(8)).ok
    order = [n for n, p in hive.events if p.get("agent") == "coder" and n in {"agent.restarted", "deploy.started"}]
    assert order == ["agent.restarted", "deploy.started", "deploy.started"]
    assert (await hive.view("coder")).revision == hive.commit(8)
    told = [p["agent"]["approval"] for n, p in hive.events if n == "agent.changed" and p["agent"]["name"] == "coder"]
    assert list(dict.fromkeys(told)) == [None, 7, 8]


async def test_a_deploy_to_an_agent_that_is_destroyed_before_its_turn_ends_as_failed(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    destroy = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="coder"))  # waits for the revoker
    await hive.approve(7, "coder")
    await hive.until("coder", approval=7)
    await hive.start_revoker()
    assert (await hive.ended(destroy)).ok
    finished = await hive.finished(7)
    assert (finished.ok, finished.error) == (False, "there is no coder any more")
    await hive.approve(8, "nobody")
    assert not (await hive.finished(8)).ok


async def test_an_agent_that_the_operator_stopped_is_configured_and_not_started(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    await hive.approve(7, "coder", {"model": "opus"})
    finished = await hive.finished(7)
    assert finished.ok
    assert "not started: it is stopped; its health was not checked" in finished.notes
    view = await hive.view("coder")
    assert (view.container, view.wanted, view.revision) == (ContainerState.STOPPED, False, hive.commit(7))
    await hive.done(await hive.do(lifecycle.START, "coder"))
    assert hive.report("coder")["settings"]["model"] == "opus"


@pytest.mark.spec("APR-12", door="wire")
async def test_the_same_approval_told_twice_is_deployed_once(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    await hive.terminate()
    await hive.nats.restart()
    await hive.start()
    again = {"Nats-Msg-Id": "approvals:restored:1"}
    payload = await _first_approved(hive)
    before = (await hive.runtime.status("coder")).pid
    await hive.approvals.nats.request("hive.evt.approvals.approval.approved", payload, timeout=5, headers=again)
    told = await eventually(lambda: hive.in_stream("deploy.finished"), lambda told: len(told) == 2)
    assert [(p["approval"], p["ok"]) for p in told] == [(7, True), (7, True)]
    assert len(await hive.in_stream("deploy.started")) == 1
    assert (await hive.runtime.status("coder")).pid == before


async def test_a_configuration_that_was_there_before_the_spawn_is_used(hive) -> None:
    hive.neighbours.seeded_config = AgentConfig.model_validate({"model": "opus", "messages": {"allow": ["writer"]}})
    await hive.start()
    await hive.spawned("coder")
    assert hive.report("coder")["settings"]["model"] == "opus"
    assert hive.neighbours.may_write_to["coder"] == ["writer"]


async def test_an_approved_spawn_makes_the_agent_with_its_configuration(hive) -> None:
    await hive.start()
    hive.neighbours.make_repos("coder")
    await hive.approve(7, "coder", {"model": "opus"}, ApprovalKind.SPAWN)
    assert (await hive.finished(7)).ok
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None)
    assert (view.revision, view.wanted) == (hive.commit(7), True)
    assert hive.report("coder")["settings"]["model"] == "opus"
    assert "coder" not in hive.neighbours.seeded
    assert (await hive.event("agent.spawned", "coder"))["ok"]
    await hive.approve(8, "coder", {}, ApprovalKind.SPAWN)
    assert not (await hive.finished(8)).ok
    assert (await hive.view("coder")).revision == hive.commit(7)


@pytest.mark.spec("APR-15", door="wire")
async def test_a_first_spawn_that_fails_leaves_only_its_state(hive) -> None:
    await hive.start()
    await hive.start_revoker()
    hive.neighbours.make_repos("coder")
    await hive.approve(7, "coder", {"model": "refused"}, ApprovalKind.SPAWN)
    finished = await hive.finished(7)
    assert not finished.ok
    assert "this configuration is refused" in (finished.error or "")
    await hive.event("agent.removed", "coder")
    assert not (await hive.event("agent.spawned", "coder"))["ok"]
    assert (await hive.runtime.status("coder")).state == "absent"
    assert hive.work("coder").is_dir()
    assert not (hive.state / "agents" / "coder" / "run").exists()
    assert "coder" not in hive.neighbours.inboxes
    listed = await hive.operator.call(lifecycle.LIST, lifecycle.LIST.request())
    assert [agent.name for agent in listed.agents] == ["manager"]
    await hive.approvals.call(lifecycle.CHECK_NAME, lifecycle.NameCheck(name="coder", draft=True))
    await hive.approve(8, "coder", {"model": "opus"}, ApprovalKind.SPAWN)
    assert (await hive.finished(8)).ok


async def test_a_configuration_that_can_not_be_read_ends_as_failed(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"nobody-knows": 1})
    finished = await hive.finished(7)
    assert not finished.ok
    assert "nobody-knows" in (finished.error or "")
    assert (await hive.operator.call(lifecycle.STATUS, AgentName(name="coder"))).approval is None


async def _exists(path) -> bool:
    return path.exists()


async def _first_approved(hive) -> bytes:
    async for envelope in follow(hive.operator, await stream_start(hive.operator), "hive.evt.approvals.>"):
        return envelope.payload
    raise AssertionError
