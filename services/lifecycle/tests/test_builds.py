"""Agents whose systems are built: over the double of NixOS."""

from pathlib import Path

import pytest
from hive_kit.testing import eventually
from hive_wire import builds, lifecycle
from hive_wire.approvals import ApprovalKind
from hive_wire.lifecycle import ContainerState

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("builds")]


def systems(hive, name: str) -> str:
    """The system that the container has."""
    return str((Path(hive.double.nixos["profiles"]) / name / "system").resolve())


async def printed(hive, agent: str, text: str) -> str:
    """The first line that an action on that agent has printed with that text, as soon as it is told."""

    async def look() -> str | None:
        told = (p["lines"] for n, p in hive.events if n == "action.printed" and p["agent"] == agent)
        return next((line["text"] for lines in told for line in lines if text in line["text"]), None)

    return await eventually(look)


async def last_action(hive, agent: str) -> builds.ActionView:
    return (await hive.operator.call(builds.ACTIONS, builds.ActionsRequest(agent=agent, limit=1))).actions[0]


@pytest.mark.spec("LIF-6", door="wire")
@pytest.mark.spec("MET-2", door="wire")
async def test_a_build_is_seen_line_by_line_before_anything_that_runs_is_touched(shared_nixos_hive, tmp_path) -> None:
    hive, go_on = shared_nixos_hive, tmp_path / "go-on"
    await hive.spawned("ant")
    before, system = (await hive.runtime.status("ant")).started_at, systems(hive, "ant")
    hive.double.builds("ant", lines=["building '/nix/store/unit.drv'", "\x1b[1mcopying\x1b[0m"], until=go_on)
    await hive.approve(70, "ant", {"model": "opus"})
    await printed(hive, "ant", "building '/nix/store/unit.drv'")
    await printed(hive, "ant", "copying")
    action = await last_action(hive, "ant")
    assert (action.kind, action.step, action.approval, action.ended_at) == ("deploy", "build", 70, None)
    assert (await hive.view("ant")).revision == hive.commit(0)
    assert (await hive.runtime.status("ant")).started_at == before
    go_on.touch()
    finished = await hive.finished(70)
    assert (finished.ok, finished.error, finished.notes) == (True, None, [])
    assert systems(hive, "ant") != system
    assert hive.report("ant")["settings"]["model"] == "opus"
    assert (await hive.until("ant", transient=None)).revision == hive.commit(70)


@pytest.mark.spec("APR-15", door="wire")
async def test_a_failed_build_touches_nothing_and_says_why(shared_nixos_hive) -> None:
    hive = shared_nixos_hive
    await hive.spawned("bee")
    run, system = await hive.runtime.status("bee"), systems(hive, "bee")
    hive.double.builds("bee", error="attribute 'servces' missing")
    await hive.approve(71, "bee", {"model": "opus"})
    finished = await hive.finished(71)
    assert not finished.ok
    assert "attribute 'servces' missing" in (finished.error or "")
    assert (finished.error or "").endswith("what runs was not touched")
    view = await hive.until("bee", transient=None, container=ContainerState.RUNNING)
    assert (view.revision, view.error) == (hive.commit(0), finished.error)
    assert (await hive.runtime.status("bee"), systems(hive, "bee")) == (run, system)
    assert not list((hive.state / "meta.prepared").glob("*"))


@pytest.mark.spec("LIF-9", door="chaos")
async def test_a_build_that_the_services_end_cut_off_is_taken_up_again(shared_nixos_hive, tmp_path) -> None:
    hive, go_on = shared_nixos_hive, tmp_path / "go-on"
    await hive.spawned("emu")
    run = await hive.runtime.status("emu")
    hive.double.builds("emu", lines=["it builds"], until=go_on)
    await hive.approve(79, "emu", {"model": "opus"})
    await printed(hive, "emu", "it builds")
    hive.kill()
    assert await hive.runtime.status("emu") == run
    await hive.start()
    go_on.touch()
    assert (await hive.finished(79)).ok
    view = await hive.until("emu", transient=None)
    assert view.revision == hive.commit(79)
    action = await last_action(hive, "emu")
    page = await hive.operator.call(builds.OUTPUT, builds.OutputRequest(action=action.id))
    lines = [line.text for line in page.lines]
    stopped = lines.index("the service was stopped here; the deploy goes on, from: build")
    assert lines.index("it builds") < stopped
    assert "it builds" in lines[stopped:]
    assert lines[-1] == "done"


@pytest.mark.spec("LIF-2", door="wire")
@pytest.mark.spec("MET-3", door="wire")
async def test_builds_run_one_after_another_and_say_for_whom_they_wait(shared_nixos_hive, tmp_path) -> None:
    hive, go_on = shared_nixos_hive, tmp_path / "go-on"
    await hive.spawned("cat")
    await hive.spawned("owl")
    hive.double.builds("cat", lines=["it builds"], until=go_on)
    hive.double.builds("owl", lines=["now that one"])
    first = await hive.do(lifecycle.REBUILD, "cat")
    await printed(hive, "cat", "it builds")
    second = await hive.do(lifecycle.REBUILD, "owl")
    assert await printed(hive, "owl", "waiting for the build") == "build: waiting for the build of cat to end"
    third = await hive.do(lifecycle.RESTART, "manager")  # builds nothing, waits for nobody
    await hive.done(third)
    assert "now that one" not in await hive.printed(second)
    go_on.touch()
    await hive.done(first)
    await hive.done(second)


async def test_a_deploy_that_changes_nothing_that_was_built_restarts_nothing(shared_nixos_hive) -> None:
    hive = shared_nixos_hive
    await hive.spawned("dog")
    await hive.approve(73, "dog", {"model": "opus"})
    assert (await hive.finished(73)).ok
    await hive.until("dog", transient=None)
    report = hive.work("dog") / "report.json"
    report.unlink()
    await hive.approve(83, "dog", {"model": "opus"}, commit=hive.commit_id(73))
    finished = await hive.finished(83)
    assert (finished.ok, finished.notes) == (True, ["nothing differs in what was built; not restarted"])
    view = await hive.until("dog", transient=None)
    assert (view.container, view.needs_update) == (ContainerState.RUNNING, False)
    assert not report.exists(), "its harness was not asked, it was not started anew"


@pytest.mark.parametrize(("name", "first", "model"), [("eel", 74, "refused"), ("yak", 75, "sonnet")])
@pytest.mark.spec("APR-15", door="wire")
async def test_a_system_that_does_not_come_up_is_rolled_back_to_the_one_before(
    shared_nixos_hive, name: str, first: int, model: str
) -> None:
    hive = shared_nixos_hive
    await hive.spawned(name)
    await hive.approve(first, name, {"model": "opus"})
    assert (await hive.finished(first)).ok
    system = systems(hive, name)
    if model == "sonnet":
        hive.double.builds(name, switch_fails="Failed to start x.service")
    await hive.approve(first + 10, name, {"model": model})
    finished = await hive.finished(first + 10)
    assert not finished.ok
    assert f"rolled back to {hive.commit(first)}" in (finished.error or "")
    view = await hive.until(name, transient=None, container=ContainerState.RUNNING)
    assert (view.revision, view.error) == (hive.commit(first), finished.error)
    assert systems(hive, name) == system
    assert hive.report(name)["settings"]["model"] == "opus"


async def test_a_rebuild_whose_system_does_not_come_up_keeps_what_was_installed(
    shared_nixos_hive,
) -> None:
    hive = shared_nixos_hive
    await hive.spawned("fox")
    system = systems(hive, "fox")
    hive.double.builds("fox", switch_fails="Failed to start x.service", revision="2")
    ended = await hive.ended(await hive.do(lifecycle.REBUILD, "fox"))
    assert not ended.ok
    assert (ended.error or "").endswith("what was installed before is in use again")
    assert systems(hive, "fox") == system
    await hive.until("fox", transient=None, container=ContainerState.RUNNING)


async def test_a_start_builds_nothing_and_a_spawn_whose_build_failed_can_be_started_later(shared_nixos_hive) -> None:
    hive = shared_nixos_hive
    await hive.spawned("gnu")
    hive.double.builds("all", error="no builder")
    restart = await hive.do(lifecycle.RESTART, "gnu")
    await hive.done(restart)
    assert not [line for line in await hive.printed(restart) if line.startswith("build")]
    ended = await hive.ended(await hive.spawn("pig"))
    assert not ended.ok
    assert "no builder" in (ended.error or "")
    hive.double.builds("all")
    view = await hive.done(await hive.do(lifecycle.START, "pig"))
    assert (view.container, view.revision) == (ContainerState.RUNNING, hive.commit(0))


async def test_an_approved_spawn_whose_build_fails_leaves_no_agent(shared_nixos_hive) -> None:
    hive = shared_nixos_hive
    hive.neighbours.make_repos("hen")
    hive.double.builds("hen", error="no builder")
    await hive.approve(77, "hen", {"model": "opus"}, ApprovalKind.SPAWN)
    finished = await hive.finished(77)
    assert not finished.ok
    assert "no builder" in (finished.error or "")
    await hive.event("agent.removed", "hen")
    assert (await hive.runtime.status("hen")).state == "absent"
    hive.double.builds("hen")
    await hive.approve(87, "hen", {"model": "opus"}, ApprovalKind.SPAWN)
    assert (await hive.finished(87)).ok
    assert hive.report("hen")["settings"]["model"] == "opus"
