"""What the operator does to agents over HTTP, with every service real; agents are stand-ins without a sandbox."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from hive_kit.testing import eventually

from services.dashboard.tests.swarms import Visited, living_swarm

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("dashboard_living")]
SECONDS = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def living(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Visited]:
    async with living_swarm(tmp_path_factory.mktemp("living")) as swarm:
        yield swarm


async def done(page: Any, answer: Any) -> dict[str, Any]:
    """The action that an answer accepted, once it has ended well."""
    assert answer.status_code == 200, answer.text
    accepted = answer.json()

    async def look() -> dict[str, Any]:
        listed = await page.get(f"/api/actions?agent={accepted['agent']['name']}")
        assert listed.status_code == 200, listed.text
        return next(action for action in listed.json()["actions"] if action["id"] == accepted["action"])

    action = await eventually(look, lambda action: action["ended_at"], seconds=SECONDS)
    assert action["error"] is None
    return action


async def spawned(page: Any, name: str) -> None:
    await done(page, await page.post("/api/agents", {"name": name}))
    await well(page, name)


async def well(page: Any, name: str) -> None:
    """Its harness is heard and nothing is done to it."""

    def is_well(tile: dict[str, Any] | None) -> bool:
        return tile is not None and tile["signal"] == "live" and tile["view"]["transient"] is None

    await eventually(lambda: page.tile(name), is_well, seconds=SECONDS)


async def next_lines(page: Any, name: str, cursor: str) -> list[str]:
    """The lines that are printed next, followed as a page does."""
    while True:
        followed = (await page.get(f"/api/agents/{name}/logs?after={cursor}&wait=20")).json()
        if followed["lines"]:
            return followed["lines"]
        cursor = followed["cursor"]


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.spec("WAT-3", door="http")
@pytest.mark.spec("WAT-4", door="http")
@pytest.mark.spec("LIF-1", door="http")
@pytest.mark.spec("DSH-10", door="http")
async def test_an_agents_life_shows_and_its_journal_is_followed_beyond_a_restart(living: Visited) -> None:
    page = await living.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await spawned(page, "coder")
        seen = await events.until(lambda e: e.kind == "agent" and e.data["agent"]["view"]["container"] == "running")
        assert "spawning" in [e.data["agent"]["view"]["transient"] for e in seen if e.kind == "agent"]
    read = (await page.get("/api/agents/coder/logs")).json()
    assert read["lines"] == ["coder is up"]
    following = asyncio.create_task(next_lines(page, "coder", read["cursor"]))
    restarted = await done(page, await page.post("/api/agents/coder/restart"))
    assert (await following, restarted["kind"]) == (["coder is up"], "restart")
    await done(page, await page.post("/api/agents/coder/stop"))
    stopped = (await page.get("/api/agents/coder/logs?unit=machine")).json()
    assert stopped["lines"][-1] == "coder is up"
    assert error(await page.get("/api/agents/nobody/logs")) == (404, "unknown_agent")


@pytest.mark.spec("LIF-3", door="http")
@pytest.mark.spec("LIF-6", door="http")
async def test_a_rebuild_makes_lost_files_anew_and_shows_what_it_does(living: Visited) -> None:
    page = await living.page()
    await spawned(page, "builder")
    lost = [living.nats.folder / "agents" / "builder" / "run" / name for name in ("agent.creds", "settings.json")]
    for file in lost:
        file.unlink()
    async with page.events((await page.snapshot())["position"]) as events:
        action = await done(page, await page.post("/api/agents/builder/rebuild"))
        last = (action["id"], action["lines"])
        is_last = lambda e: e.kind == "printed" and (e.data["action"], e.data["lines"][-1]["n"]) == last  # noqa: E731
        seen = await events.until(is_last)
    assert "rebuilding" in [e.data["agent"]["view"]["transient"] for e in seen if e.kind == "agent"]
    told = [line for e in seen if e.kind == "printed" and e.data["action"] == action["id"] for line in e.data["lines"]]
    output = (await page.get(f"/api/actions/{action['id']}/output")).json()
    assert (output["action"], output["lines"], output["more"]) == (action, told, False)
    await well(page, "builder")
    assert all(file.exists() for file in lost)


@pytest.mark.spec("MET-4", door="http")
@pytest.mark.spec("DSH-13", door="http")
async def test_chosen_inputs_are_locked_anew_and_their_agents_rebuilt(living: Visited) -> None:
    page = await living.page()
    await spawned(page, "writer")
    listed = (await page.get("/api/inputs")).json()["inputs"]
    assert listed[0]["name"] == "hyperhive"
    assert "agent-writer" in [entry["name"] for entry in listed]
    async with page.events((await page.snapshot())["position"]) as events:
        answer = await page.post("/api/inputs/update", {"names": ["agent-writer"]})
        assert answer.status_code == 200, answer.text
        number = answer.json()["id"]
        is_end = lambda e: e.kind == "rollout" and e.data["rollout"]["ended_at"]  # noqa: E731
        ended = (await events.until(is_end))[-1].data["rollout"]
    assert (ended["id"], ended["inputs"], ended["error"]) == (number, ["agent-writer"], None)
    assert [(agent["name"], agent["error"]) for agent in ended["agents"]] == [("writer", None)]
    assert ended in (await page.snapshot())["rollouts"]
    assert error(await page.post("/api/inputs/update", {"names": ["agent-nobody"]})) == (404, "unknown_input")


@pytest.mark.spec("LIF-4", door="http")
@pytest.mark.spec("DSH-12", door="http")
async def test_what_a_destroyed_agent_leaves_is_revived_or_purged(living: Visited) -> None:
    page = await living.page()
    await spawned(page, "scribe")
    async with page.events((await page.snapshot())["position"]) as events:
        await done(page, await page.post("/api/agents/scribe/destroy", {"confirm": "scribe"}))
        kept = (await events.kind("tombstone")).data["tombstone"]
        assert kept["name"] == "scribe"
        form = {"description": "it knew a lot", "key": "k"}
        asked = (await page.post("/api/tombstones/scribe/revive", form)).json()
        assert (asked["agent"], asked["kind"], asked["revives"]) == ("scribe", "spawn", True)
        shown = (await page.get(f"/api/approvals/{asked['id']}/diff")).json()["hash"]
        decision = {"decision": "approve", "items": [{"id": asked["id"], "hash": shown}]}
        assert (await page.post("/api/approvals/decide", decision)).json()["results"][0]["ok"]
        assert (await events.kind("tombstone_removed")).data["name"] == "scribe"
    await well(page, "scribe")
    assert error(await page.post("/api/tombstones/scribe/purge")) == (409, "agent_exists")
    await done(page, await page.post("/api/agents/scribe/destroy", {"confirm": "scribe"}))
    listed = (await page.get("/api/tombstones")).json()["tombstones"]
    assert [tombstone["name"] for tombstone in listed] == ["scribe"]
    assert (await page.post("/api/tombstones/scribe/purge")).json() == {}
    assert (await page.get("/api/tombstones")).json()["tombstones"] == []
    assert error(await page.post("/api/tombstones/scribe/revive", form | {"key": "k2"})) == (404, "unknown_tombstone")
