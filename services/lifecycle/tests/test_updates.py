"""Whether an agent runs with what is installed and has a login, told when it changes; and updates."""

import json
from datetime import UTC, datetime

import pytest
from hive_wire import lifecycle
from hive_wire.lifecycle import ContainerState
from hive_wire.live import AgentState, AgentStatus


async def names_of(hive, agent: str) -> list[str]:
    """Of the notices about that agent."""
    notices = {"login.missed", "login.found", "update.needed"}
    return [name for name, payload in hive.events if name in notices and payload["agent"] == agent]


async def says(hive, agent: str, **facts) -> None:
    """The agent's harness tells of a change of its state."""
    status = AgentStatus(state=AgentState.IDLE, since=datetime.now(UTC), **facts)
    bus = await hive.nats.bus(agent)
    await bus.publish_live(agent, "state", json.dumps({"data": status.model_dump(mode="json")}).encode())
    await bus.sync()


@pytest.mark.spec("EVT-6", door="wire")
@pytest.mark.spec("WAT-2", door="wire")
async def test_a_login_that_goes_and_comes_is_told_and_the_first_sight_of_it_is_not(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    assert (await hive.view("coder")).logged_in is False
    await says(hive, "coder", logged_in=True)
    await hive.event("login.found", "coder")
    await says(hive, "coder", logged_in=True)
    await says(hive, "coder", logged_in=None)
    await says(hive, "coder", logged_in=False)
    await hive.event("login.missed", "coder")
    await hive.until("coder", logged_in=False)
    assert await names_of(hive, "coder") == ["login.found", "login.missed"]


@pytest.mark.spec("EVT-6", door="wire")
@pytest.mark.spec("WAT-2", door="wire")
async def test_a_version_that_is_older_than_the_installed_one_is_told_once_and_an_update_ends_it(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    assert (await hive.view("coder")).needs_update is False
    first = (await hive.runtime.status("coder")).pid
    so_already = await hive.do(lifecycle.UPDATE, "coder")
    assert so_already.agent.transient is None
    assert (await hive.runtime.status("coder")).pid == first

    await hive.terminate()
    (hive.work("coder") / "version").write_text("0.0.1")
    await hive.start()
    await hive.event("update.needed", "coder")
    assert (await hive.until("coder", needs_update=True)).container is ContainerState.RUNNING
    (hive.work("coder") / "version").unlink()
    view = await hive.done(await hive.do(lifecycle.UPDATE, "coder"))
    assert (view.needs_update, view.container) == (False, ContainerState.RUNNING)
    assert (await hive.runtime.status("coder")).pid != first
    assert (await hive.event("agent.rebuilt", "coder"))["ok"]
    assert await names_of(hive, "coder") == ["update.needed"]


async def test_other_settings_of_the_swarm_are_a_reason_to_update(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.terminate()
    hive.own["model_base_url"] = "http://127.0.0.1:10/{name}"
    await hive.start()
    await hive.until("coder", needs_update=True)
    view = await hive.done(await hive.do(lifecycle.UPDATE, "coder"))
    assert view.needs_update is False
    assert hive.report("coder")["settings"]["model_base_url"] == "http://127.0.0.1:10/coder"


async def test_an_update_keeps_what_is_deployed_and_leaves_a_stopped_agent_stopped(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    (hive.state / "agents" / "coder" / "run" / "settings.json").unlink()
    view = await hive.done(await hive.do(lifecycle.UPDATE, "coder"))
    assert (view.container, view.wanted) == (ContainerState.STOPPED, False)
    settings = json.loads((hive.state / "agents" / "coder" / "run" / "settings.json").read_text())
    assert settings["model"] == "opus"
