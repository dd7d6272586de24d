"""Any order of actions, the service killed in between: in the end what is stored, what runs and what is shown agree.

`./run chaos --actions [--seed N] [--count N]` tries longer sequences; the seed of a failed one repeats it.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hive_kit.testing import eventually
from hive_wire import lifecycle, tombstones
from hive_wire.approvals import ApprovalKind
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, AgentView, ContainerState, DestroyRequest
from hive_wire.model import Empty

SEED = int(os.environ.get("HIVE_ACTIONS_SEED", "1"))
COUNT = int(os.environ.get("HIVE_ACTIONS_COUNT", "0"))
NAMES = ("coder", "writer", "scout")
VERBS = {
    "start": lifecycle.START,
    "stop": lifecycle.STOP,
    "kill": lifecycle.KILL,
    "restart": lifecycle.RESTART,
    "update": lifecycle.UPDATE,
    "rebuild": lifecycle.REBUILD,
}
WEIGHTS = {
    **dict.fromkeys(VERBS, 2), "spawn": 5, "approved_spawn": 3, "deploy": 5, "bad_deploy": 2, "destroy": 2, "purge": 1,
    "revive": 1, "purge_tombstone": 1, "crash": 2,
}  # fmt: skip
EXPECTED = {
    ErrorCode.ACTION_IN_FLIGHT, ErrorCode.NAME_TAKEN, ErrorCode.UNKNOWN_AGENT, ErrorCode.UNKNOWN_TOMBSTONE,
    ErrorCode.AGENT_EXISTS, ErrorCode.TIMEOUT, ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED,
}  # fmt: skip
KILLS = 0.3


@dataclass
class Storm:
    """A sequence drawn by a seed."""

    hive: Any  # Any: the fixture's class lies in conftest
    chance: random.Random
    approvals: int = 0
    done: list[str] = field(default_factory=list)

    async def act(self) -> None:
        """One action on one agent, and perhaps the service's end a few events later."""
        what = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        name = self.chance.choice(NAMES)
        events = len(self.hive.events)
        self.done.append(f"{what} {name}")
        try:
            await self._do(what, name)
        except Refusal as refusal:
            assert refusal.code in EXPECTED, f"{self.done}: {refusal}"
        if self.chance.random() < KILLS:
            await self._seen(events + self.chance.randrange(8))
            self.done.append("killed")
            self.hive.kill()
            await self.hive.start()

    async def _do(self, what: str, name: str) -> None:
        hive = self.hive
        match what:
            case "spawn":
                await hive.operator.call(lifecycle.SPAWN, AgentName(name=name), timeout=5)
            case "destroy" | "purge":
                request = DestroyRequest(name=name, purge=what == "purge")
                await hive.operator.call(lifecycle.DESTROY, request, timeout=5)
            case "purge_tombstone":
                await hive.operator.call(tombstones.PURGE_TOMBSTONE, AgentName(name=name), timeout=5)
            case "approved_spawn" | "revive":
                await self.quiet(name)
                hive.neighbours.make_repos(name)
                await self._approve(name, "opus", ApprovalKind.SPAWN, revives=what == "revive")
            case "deploy":
                await self._approve(name, self.chance.choice(("opus", "sonnet", "haiku")))
            case "bad_deploy":
                await self._approve(name, "refused")
            case "crash":
                pid = (await hive.runtime.status(name)).pid
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid or 2**30, signal.SIGKILL)
            case _:
                await hive.operator.call(VERBS[what], AgentName(name=name), timeout=5)

    async def _approve(
        self, name: str, model: str, kind: ApprovalKind = ApprovalKind.APPLY_COMMIT, *, revives: bool = False
    ) -> None:
        self.approvals += 1
        await self.hive.approve(self.approvals, name, {"model": model}, kind, revives=revives)

    async def _seen(self, count: int) -> None:
        """Until so many events have come, or none comes."""
        seen = -1
        while seen < len(self.hive.events) < count:
            seen = len(self.hive.events)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await eventually(self._count, lambda now, seen=seen: now > seen)

    async def _count(self) -> int:
        return len(self.hive.events)

    async def quiet(self, name: str) -> None:
        """Nothing is done to that agent, and nothing waits for it."""

        async def look() -> bool:
            try:
                view = await self.hive.view(name)
            except Refusal as refusal:
                assert refusal.code is ErrorCode.UNKNOWN_AGENT
                return True
            return (view.transient, view.approval) == (None, None)

        await eventually(look, seconds=90)

    async def settled(self) -> dict[str, AgentView]:
        """The views once nothing is under way, and all that shall run does."""

        def is_settled(views: list[AgentView]) -> bool:
            return all(
                (view.transient, view.approval) == (None, None)
                and (view.container is ContainerState.RUNNING) == view.wanted
                for view in views
            )

        async def look() -> list[AgentView]:
            return (await self.hive.operator.call_persistently(lifecycle.LIST, Empty(), timeout=5)).agents

        for number in range(1, self.approvals + 1):
            await self.hive.finished(number)
        return {view.name: view for view in await eventually(look, is_settled, seconds=120)}


@pytest.mark.spec("LIF-9", door="chaos")
@pytest.mark.spec("REL-2", door="chaos")
async def test_whatever_is_done_and_killed_the_books_agree_in_the_end(hive) -> None:
    await storm(hive, COUNT or 20)


@pytest.mark.spec("LIF-9", door="chaos")
async def test_the_books_agree_where_systems_are_built_too(nixos_hive) -> None:
    await storm(nixos_hive, COUNT or 10)


async def storm(hive, count: int) -> None:
    """So many actions, and what there is afterwards."""
    hive.own |= {"ready_seconds": 20, "turn_seconds": 5, "steady_seconds": 0.05}
    await hive.start_revoker()
    await hive.start()
    acts = Storm(hive, random.Random(SEED))
    for _ in range(count):
        await acts.act()
    views = await acts.settled()
    story = f"seed {SEED}: {', '.join(acts.done)}"
    await assert_real(hive, views, story)
    await hive.terminate()
    assert_stored(hive, views, story)

    async def untold() -> AssertionError | None:
        """What the stream does not have yet: events leave the outbox a moment after their commit."""
        try:
            await assert_told(hive, acts.approvals, views, story)
        except (AssertionError, KeyError) as missing:
            return AssertionError(missing)
        return None

    await eventually(untold, lambda missing: missing is None)


async def assert_real(hive, views: dict[str, AgentView], story: str) -> None:
    """What runs, and what lies on the host, is what is shown."""
    assert set(await hive.runtime.list()) == {n for n, v in views.items() if v.container != "absent"}, story
    nodes = json.loads((hive.state / "meta" / "flake.lock").read_text())["nodes"]
    locked = {key.removeprefix("agent-"): node["locked"]["rev"] for key, node in nodes.items() if "agent-" in key}
    assert {name: revision[:12] for name, revision in locked.items()} == {
        name: view.revision for name, view in views.items() if view.revision
    }, story
    assert not list((hive.state / "meta.prepared").glob("*")), story
    for name, view in views.items():
        state = (await hive.runtime.status(name)).state
        assert state == ("stopped" if view.container == "crashed" else view.container), (name, story)
        settings = json.loads((hive.state / "agents" / name / "run" / "settings.json").read_text())
        assert settings["revision"] == view.revision, (name, story)
        assert name in hive.neighbours.inboxes, (name, story)
    assert hive.neighbours.inboxes == set(views), story


def assert_stored(hive, views: dict[str, AgentView], story: str) -> None:
    """Every action has ended, with all that it printed; nobody has credentials who is no agent."""
    with closing(sqlite3.connect(hive.state / "lifecycle.db")) as database:
        assert not database.execute("SELECT id FROM actions WHERE ended_at IS NULL").fetchall(), story
        assert not database.execute("SELECT approval FROM deploys WHERE state <> 'done'").fetchall(), story
        live = database.execute("SELECT DISTINCT agent FROM credentials WHERE revoked_at IS NULL").fetchall()
        assert {name for (name,) in live} <= set(views), story
        numbers = "SELECT a.lines, count(n), coalesce(max(n), 0), coalesce(min(n), 1) FROM actions a"
        joined = f"{numbers} LEFT JOIN output_lines ON action = id GROUP BY id"
        assert all(lines == kept == last and first == 1 for lines, kept, last, first in database.execute(joined)), story
        last = "SELECT text FROM output_lines o JOIN actions ON id = action WHERE n = lines"
        assert all(text == "done" or text.startswith("failed: ") for (text,) in database.execute(last)), story


async def assert_told(hive, approvals: int, views: dict[str, AgentView], story: str) -> None:
    """The stream has every end once, and its last word of each agent is its view."""
    shown: dict[str, Any] = {}
    for payload in await hive.in_stream("agent.changed"):
        shown[payload["agent"]["name"]] = payload["agent"]
    for name, view in views.items():
        assert shown[name] == view.model_dump(mode="json"), (name, story)
    finished = Counter(payload["approval"] for payload in await hive.in_stream("deploy.finished"))
    assert finished == Counter(range(1, approvals + 1)), story
    ends = Counter[int]()
    for name in ("spawned", "started", "stopped", "killed", "restarted", "rebuilt", "destroyed"):
        ends.update(payload["action"] for payload in await hive.in_stream(f"agent.{name}"))
    assert set(ends.values()) == {1}, story
    with closing(sqlite3.connect(hive.state / "lifecycle.db")) as database:
        assert {number for (number,) in database.execute("SELECT id FROM actions")} == set(ends), story
