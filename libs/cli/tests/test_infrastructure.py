"""Rebuilds and what they print, rollouts, inputs, tombstones and logs through the command line."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hive_cli.commands.tombstones import size
from hive_cli.problems import Exit
from hive_cli.rollouts import Following
from hive_kit.bus import Bus
from hive_kit.swarm import SwarmConfig
from hive_kit.testing import eventually
from hive_wire import rollouts as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.rollouts import MetaInput, MetaInputs, Rollout, RolloutAgent, RolloutCause, RolloutState
from hive_wire.tombstones import Tombstone, TombstoneList

from .conftest import Running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("running")]
SECONDS = 60.0
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@contextlib.contextmanager
def process(swarm: SwarmConfig, *arguments: str, **more: Any) -> "Iterator[subprocess.Popen[str]]":
    """A command whose lines are read while it runs."""
    command = [sys.executable, "-m", "hive_cli", "--state", str(swarm.state), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more) as running:
        try:
            yield running
        finally:
            running.kill()


async def next_line(running: "subprocess.Popen[str]") -> str:
    assert running.stdout is not None
    return (await asyncio.wait_for(asyncio.to_thread(running.stdout.readline), SECONDS)).rstrip("\n")


def rollout(number: int, *states: RolloutState, ended: bool = False, **more: Any) -> Rollout:
    agents = [
        RolloutAgent(
            name=f"agent{place}",
            state=state,
            action=place,
            error="it did not answer" if state is RolloutState.FAILED else None,
        )
        for place, state in enumerate(states)
    ]
    end = AT if ended else None
    return Rollout(
        id=number, cause=RolloutCause.UPDATE_ALL, requested_by="operator", begun_at=AT, ended_at=end, agents=agents,
        **more,
    )  # fmt: skip


async def begun(running: Running) -> int:
    """The newest action, as soon as there is one more than now."""
    before = len(running.lifecycle.actions)

    async def look() -> int:
        return len(running.lifecycle.actions)

    return await eventually(look, lambda count: count > before, SECONDS)


async def test_a_rebuild_shows_what_it_prints_until_it_is_done(running: Running) -> None:
    asked = asyncio.create_task(running.hive("rebuild", "scout", "--wait"))
    number = await begun(running)
    await running.lifecycle.prints(number, "prepare: agent-scout\x1b[2J locked", "build: nothing to build")
    await running.lifecycle.end(number)
    done = await asked
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert done.stdout == (
        "prepare: agent-scout\N{REPLACEMENT CHARACTER}[2J locked\nbuild: nothing to build\nscout: rebuild done\n"
    )


async def test_a_rebuild_that_fails_exits_with_1_and_says_why(running: Running) -> None:
    asked = asyncio.create_task(running.answer("rebuild", "scout", "--wait", code=Exit.FAILED))
    number = await begun(running)
    await running.lifecycle.end(number, "the disk is full")
    error = (await asked)["error"]
    assert (error["code"], error["details"]["id"]) == ("action_failed", number)
    assert "the disk is full" in error["message"]


async def test_a_rebuild_is_not_waited_for_unless_asked(running: Running) -> None:
    asked = await running.answer("rebuild", "scout")
    assert asked["action"] == len(running.lifecycle.actions)
    assert "hive builds scout" in (await running.hive("rebuild", "scout")).stdout
    assert await running.code_of("rebuild", "nobody") == "unknown_agent"
    late = await running.hive("rebuild", "scout", "--wait", "--timeout", "0.1")
    assert (late.returncode, late.stderr.split(":")[0]) == (Exit.TIMEOUT, "timeout")


async def test_a_build_is_followed_line_by_line_while_it_runs(running: Running) -> None:
    number = running.lifecycle.begin("scout", "deploy")
    await running.lifecycle.prints(number, *(f"line {n}" for n in range(1, 2101)))
    with process(running.swarm, "builds", "show", str(number), "--follow") as following:
        assert [await next_line(following) for _ in range(2100)] == [f"line {n}" for n in range(1, 2101)]
        await running.lifecycle.prints(number, "copying paths …")
        assert await next_line(following) == "copying paths …"
        await running.lifecycle.end(number)
        assert await next_line(following) == f"#{number} deploy scout: done"
        assert await asyncio.to_thread(following.wait, SECONDS) == Exit.OK


async def test_builds_are_listed_by_agent_and_shown_afterwards(running: Running) -> None:
    numbers = [running.lifecycle.begin("builder", kind) for kind in ("spawn", "rebuild", "deploy")]
    await running.lifecycle.prints(numbers[0], "hello")
    await running.lifecycle.end(numbers[0])
    await running.lifecycle.end(numbers[1], "the build failed")
    listed = await running.answer("builds", "builder")
    assert [(a["id"], a["kind"]) for a in listed["actions"]] == [
        (numbers[2], "deploy"), (numbers[1], "rebuild"), (numbers[0], "spawn"),
    ]  # fmt: skip
    page = (await running.hive("builds", "builder", "--limit", "2")).stdout
    assert "failed: the build failed" in page
    assert f"hive builds --before {numbers[1]}" in page
    older = await running.answer("builds", "list", "builder", "--before", str(numbers[1]))
    assert [a["id"] for a in older["actions"]] == [numbers[0]]
    shown = await running.answer("builds", "show", str(numbers[0]))
    assert ([line["text"] for line in shown["lines"]], shown["action"]["agent"]) == (["hello"], "builder")
    assert (await running.hive("builds", "nobody")).stdout == "nothing was done yet\n"
    assert await running.code_of("builds", "show", "99999") == "unknown_action"
    failed = await running.hive("builds", "show", str(numbers[1]), "--follow")
    assert (failed.returncode, failed.stderr.split(":")[0]) == (Exit.FAILED, "action_failed")


async def test_a_rollout_shows_each_agents_progress_once(running: Running) -> None:
    waiting, going, done, failed = RolloutState.WAITING, RolloutState.RUNNING, RolloutState.DONE, RolloutState.FAILED
    running.lifecycle.told["update_all"] = rollout(1, waiting, waiting)
    asked = len(running.lifecycle.asked)

    async def was_asked() -> bool:
        return len(running.lifecycle.asked) > asked

    with process(running.swarm, "update-all", "--wait") as following:
        await eventually(was_asked, seconds=SECONDS)
        await running.lifecycle.tell(wire.ROLLOUT_CHANGED, rollout(7, done, ended=True))
        await running.lifecycle.tell(wire.ROLLOUT_CHANGED, rollout(1, going, waiting))
        assert await next_line(following) == "agent0: rebuilding (action 0)"
        await running.lifecycle.tell(wire.ROLLOUT_CHANGED, rollout(1, done, going))
        await running.lifecycle.tell(wire.ROLLOUT_CHANGED, rollout(1, done, failed, ended=True))
        seen = [await next_line(following) for _ in range(4)]
        assert seen == [
            "agent0: done",
            "agent1: rebuilding (action 1)",
            "agent1: failed: it did not answer",
            "rollout #1 ended: 1 done, 1 failed",
        ]
        assert await asyncio.to_thread(following.wait, SECONDS) == Exit.FAILED
    running.lifecycle.told["update_all"] = rollout(2, ended=True)
    assert (await running.hive("update-all")).stdout == "every agent has what is installed\n"
    running.lifecycle.told["update_all"] = Refusal(ErrorCode.ROLLOUT_IN_FLIGHT, "rollout #2 is under way", id=2)
    refused = await running.answer("update-all", code=Exit.FAILED)
    assert (refused["error"]["code"], refused["error"]["details"]) == ("rollout_in_flight", {"id": 2})


async def test_the_end_of_a_rollout_that_was_not_heard_is_found_in_the_stream(running: Running) -> None:
    bus = await Bus.connect(running.swarm.nats_url, "operator", running.swarm.creds("operator"))
    await running.lifecycle.tell(wire.ROLLOUT_CHANGED, rollout(9, RolloutState.DONE, ended=True))
    following = Following(bus, look_seconds=0.1)
    ended = await following.to_the_end(rollout(9, RolloutState.RUNNING), lambda _: None, SECONDS)
    assert ended.ended_at == AT
    await bus.close()


async def test_the_flakes_inputs_are_listed_and_updated(running: Running) -> None:
    inputs = [
        MetaInput(name="hyperhive", revision="a" * 12, changed_at=datetime.now(UTC) - timedelta(days=3), url="git+x"),
        MetaInput(name="agent-scout", revision=None, changed_at=None, url="git+file:///x", agent="scout"),
    ]
    running.lifecycle.told["inputs"] = MetaInputs(inputs=inputs, commit="b" * 40)
    shown = (await running.hive("inputs")).stdout
    assert [line.split()[:3] for line in shown.splitlines() if "git+" in line] == [
        ["hyperhive", "a" * 12, "3d"],
        ["agent-scout", "not", "locked"],
    ]
    assert "commit bbbbbbbbbbbb" in shown
    assert [i["name"] for i in (await running.answer("inputs", "list"))["inputs"]] == ["hyperhive", "agent-scout"]
    running.lifecycle.told["inputs"] = MetaInputs(inputs=inputs, commit=None, error="line 3: what?")
    assert "the lock file can't be read: line 3: what?" in (await running.hive("inputs")).stdout

    begun = rollout(4, RolloutState.DONE, ended=True, inputs=["agent-scout"], commit="c" * 40)
    running.lifecycle.told["update_inputs"] = begun
    done = await running.hive("inputs", "update", "agent-scout", "hyperhive")
    assert done.stdout == "rollout #4 ended: 1 done, locked by commit cccccccccccc\n"
    assert running.lifecycle.asked[-1] == wire.InputsUpdate(names=["agent-scout", "hyperhive"])
    running.lifecycle.told["update_inputs"] = Refusal(ErrorCode.UNKNOWN_INPUT, "no such input", known=["hyperhive"])
    assert await running.code_of("inputs", "update", "nonsense") == "unknown_input"
    assert await running.code_of("inputs", "update", exit_code=Exit.USAGE) == "usage"
    running.lifecycle.told["update_inputs"] = rollout(5, ended=True, inputs=["hyperhive"], error="no network")
    assert await running.code_of("inputs", "update", "hyperhive", "--wait") == "action_failed"


async def test_what_is_kept_of_destroyed_agents_is_listed_and_purged(running: Running) -> None:
    kept = Tombstone(name="ghost", destroyed_at=AT, changed_at=AT, size_bytes=1_234_567, login_kept=True)
    running.lifecycle.told["tombstones"] = TombstoneList(tombstones=[kept])
    shown = (await running.hive("tombstones")).stdout
    assert "1.2 MB" in shown
    assert [t["name"] for t in (await running.answer("tombstones"))["tombstones"]] == ["ghost"]
    running.lifecycle.told["purge_tombstone"] = Empty()
    asked = len(running.lifecycle.asked)
    assert await running.code_of("purge", "ghost", exit_code=Exit.USAGE) == "usage"
    assert len(running.lifecycle.asked) == asked
    assert await running.answer("purge", "ghost", "--yes") == {"name": "ghost"}
    running.lifecycle.told["purge_tombstone"] = Refusal(ErrorCode.AGENT_EXISTS, "ghost lives; destroy it first")
    assert await running.code_of("purge", "ghost", "--yes") == "agent_exists"
    running.lifecycle.told["tombstones"] = TombstoneList(tombstones=[])
    assert (await running.hive("tombstones")).stdout == "nothing is kept\n"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (3 * 10**15, "3000.0 TB")]
)
async def test_sizes_are_in_the_largest_unit_that_fits(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(("typed", "code"), [("ghost", Exit.OK), ("gost", Exit.FAILED)])
async def test_a_purge_on_a_terminal_wants_the_name_typed(running: Running, typed: str, code: Exit) -> None:
    running.lifecycle.told["purge_tombstone"] = Empty()
    asked = len(running.lifecycle.asked)
    ours, theirs = pty.openpty()
    with process(running.swarm, "purge", "ghost", stdin=theirs) as purging:
        os.close(theirs)
        os.write(ours, f"{typed}\n".encode())
        assert await asyncio.to_thread(purging.wait, SECONDS) == code
    os.close(ours)
    assert len(running.lifecycle.asked) == asked + (code == Exit.OK)


async def test_a_log_is_followed_until_interrupted(running: Running) -> None:
    running.lifecycle.writes("scout", "harness", "one", "two", "three")
    running.lifecycle.writes("scout", "machine", "systemd: hello")
    assert (await running.hive("logs", "scout", "--lines", "2")).stdout == "two\nthree\n"
    machine = await running.hive("logs", "scout", "--unit", "machine")
    assert (machine.stdout, machine.stderr) == (
        "systemd: hello\n", "this runtime keeps one log for the harness and the machine\n",
    )  # fmt: skip
    assert (await running.answer("logs", "scout", "-n", "1"))["lines"] == ["three"]
    with process(running.swarm, "logs", "scout", "--follow", "-n", "1") as following:
        assert await next_line(following) == "three"
        running.lifecycle.writes("scout", "harness", "\x1b[2Jfour", "five")
        assert [await next_line(following) for _ in range(2)] == ["\N{REPLACEMENT CHARACTER}[2Jfour", "five"]
        following.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(following.wait, SECONDS) == Exit.OK
        assert following.stderr is not None
        assert following.stderr.read() == ""
    assert await running.code_of("logs", "nobody") == "unknown_agent"
    for wrong in (("--unit", "kernel"), ("--lines", "5001")):
        assert await running.code_of("logs", "scout", *wrong, exit_code=Exit.USAGE) == "usage"
    assert "tail -F" in (await running.hive("logs", "broker", "--follow")).stderr


async def test_agents_show_their_revision_what_they_need_and_what_their_runtime_cant_do(running: Running) -> None:
    listed = {line.split()[0]: line for line in (await running.hive("list")).stdout.splitlines() if line.strip()}
    assert "0123456789ab" in listed["manager"]
    assert "needed" not in listed["manager"]
    assert "needed" in listed["scout"]
    assert "memory is not limited" in (await running.hive("status")).stdout
    assert json.loads((await running.hive("status", "--json")).stdout)["capabilities"]["runtime"] == "local"
