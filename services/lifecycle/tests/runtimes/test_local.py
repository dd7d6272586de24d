"""What is the local runtime's own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import AgentSpec

FOREVER = "echo up; while :; do sleep 0.1; done"
SOON = 20


@pytest.fixture
def hive(local):
    return local


def stubborn(word: str) -> str:
    """A shell command that starts a process in a session of its own which won't go on SIGTERM."""
    return f"setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.1; done' sh {word} & "


async def has_said(hive, name, text) -> bool:
    return text in (await hive.runtime.logs(name)).lines


def shim_of(hive, name) -> int:
    return hive.runtime._folder(name).run().shim.pid


async def test_a_killed_shim_takes_its_agent_with_it_and_the_next_start_finds_no_leftovers(
    hive, eventually, running, word
):
    await hive.run("bob", stubborn(word) + FOREVER)
    await eventually(lambda: bool(running(word)))
    harness = (await hive.runtime.status("bob")).pid
    os.kill(shim_of(hive, "bob"), signal.SIGKILL)
    exited = await asyncio.wait_for(hive.runtime.wait_for_exit("bob"), SOON)
    assert exited.exit_code is None
    assert (await hive.runtime.status("bob")).state == "stopped"
    await eventually(lambda: not Path(f"/proc/{harness}/exe").exists())
    before = set(running(word))
    await hive.runtime.start("bob")
    await eventually(lambda: bool(running(word)))
    assert not before & set(running(word))


async def test_a_killed_shim_leaves_nothing_to_a_destroy(hive, eventually, running, word):
    await hive.run("bob", stubborn(word) + FOREVER)
    await eventually(lambda: bool(running(word)))
    os.kill(shim_of(hive, "bob"), signal.SIGKILL)
    await hive.runtime.destroy("bob", purge=True)
    assert running(word) == []


async def test_a_watcher_hears_of_a_killed_shim(hive):
    await hive.run("carol", FOREVER)
    exits = hive.runtime.watch()
    first = asyncio.create_task(anext(exits))
    await asyncio.sleep(0)
    os.kill(shim_of(hive, "carol"), signal.SIGKILL)
    exited = await asyncio.wait_for(first, SOON)
    assert (exited.name, exited.exit_code, exited.asked) == ("carol", None, False)
    await exits.aclose()


async def test_the_last_resort_stops_every_agent(hive, eventually):
    await hive.run("bob", "trap '' TERM; " + FOREVER)
    await hive.run("carol", FOREVER)
    await eventually(lambda: has_said(hive, "bob", "up"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hive_lifecycle.runtimes", "stop-all", str(hive.root), "--grace", "0.3"
    )
    assert await asyncio.wait_for(process.wait(), SOON) == 0
    assert [(await hive.runtime.status(name)).state for name in ("bob", "carol")] == ["stopped", "stopped"]


async def test_an_agent_gets_its_own_environment_and_nothing_of_the_service(hive, monkeypatch):
    monkeypatch.setenv("SERVICE_SECRET", "x")
    spec = hive.spec("bob", "/usr/bin/env")
    spec = AgentSpec(spec.name, spec.argv, "/state", env={"GIVEN": "a b"}, mounts=spec.mounts, uid=spec.uid)
    await hive.install(spec)
    await hive.runtime.start("bob")
    await asyncio.wait_for(hive.runtime.wait_for_exit("bob"), SOON)
    lines = (await hive.runtime.logs("bob")).lines
    assert "GIVEN=a b" in lines
    assert not any(line.startswith("SERVICE_SECRET") for line in lines)


async def test_a_path_below_a_mount_is_found_where_the_agent_sees_it(hive):
    spec = hive.spec("bob", "/bin/true")
    path = hive.runtime.visible_path(spec.mounts[0])
    assert hive.runtime.resolve(spec.mounts, "/state/deep/er") == f"{path}/deep/er"
