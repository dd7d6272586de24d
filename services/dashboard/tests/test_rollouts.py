"""Rebuilds of several agents and what actions print, on the page."""

from typing import Any

import pytest
from hive_wire.rollouts import RolloutAgent, RolloutCause, RolloutState

from services.dashboard.tests.stand_ins.emitter import now


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.spec("LIF-6", door="http")
@pytest.mark.spec("DSH-11", door="http")
async def test_what_an_action_prints_shows_at_once_and_stays_readable(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    action = await swarm.lifecycle.act("coder")
    await swarm.lifecycle.print(action.id, "before the page looked")
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.lifecycle.print(action.id, "building", "built")
        told = (await events.until(lambda e: e.kind == "printed" and e.data["lines"][0]["n"] == 2))[-1].data
    assert (told["action"], told["agent"]) == (action.id, "coder")
    assert [line["text"] for line in told["lines"]] == ["building", "built"]
    first = (await page.get(f"/api/actions/{action.id}/output?limit=2")).json()
    assert [(line["n"], line["text"]) for line in first["lines"]] == [(1, "before the page looked"), (2, "building")]
    rest = (await page.get(f"/api/actions/{action.id}/output?after=2")).json()
    assert ([line["text"] for line in rest["lines"]], first["more"], rest["more"]) == (["built"], True, False)
    assert (rest["action"]["step"], rest["action"]["lines"]) == ("build", 3)


@pytest.mark.spec("LIF-6", door="http")
async def test_actions_come_in_pages_the_last_first(swarm: Any) -> None:
    page = await swarm.page()
    for agent in ("coder", "scribe", "coder"):
        await swarm.lifecycle.act(agent)
    every = (await page.get("/api/actions?limit=2")).json()
    assert ([action["id"] for action in every["actions"]], every["more"]) == ([3, 2], True)
    mine = (await page.get("/api/actions?agent=coder&before=3")).json()
    assert ([action["id"] for action in mine["actions"]], mine["more"]) == ([1], False)
    assert error(await page.get("/api/actions/9/output")) == (404, "unknown_action")
    for query in ("limit=201", "before=0", "agent=" + "x" * 65):
        assert error(await page.get(f"/api/actions?{query}")) == (422, "bad_request")


@pytest.mark.spec("MET-4", door="http")
@pytest.mark.spec("DSH-13", door="http")
async def test_chosen_inputs_are_updated_and_every_rebuild_is_followed(swarm: Any) -> None:
    for name in ("coder", "scribe"):
        await swarm.lifecycle.put(name)
    page = await swarm.page()
    listed = (await page.get("/api/inputs")).json()["inputs"]
    assert [entry["name"] for entry in listed] == ["hyperhive", "agent-coder", "agent-scribe"]
    async with page.events((await page.snapshot())["position"]) as events:
        answer = await page.post("/api/inputs/update", {"names": ["hyperhive"]})
        begun = answer.json()
        told = (await events.kind("rollout")).data["rollout"]
        assert (told["id"], told["inputs"], told["ended_at"]) == (begun["id"], ["hyperhive"], None)
        assert [(agent["name"], agent["state"]) for agent in told["agents"]] == [
            ("coder", "waiting"),
            ("scribe", "waiting"),
        ]
        refused = await page.post("/api/inputs/update", {"names": ["agent-coder"]})
        assert error(refused) == (409, "rollout_in_flight")
        assert refused.json()["error"]["details"] == {"id": begun["id"]}
        rollout = swarm.lifecycle.rollouts[begun["id"]]
        failed = [RolloutAgent(name="coder", state=RolloutState.FAILED, action=7, error="no room")]
        await swarm.lifecycle.change_rollout(rollout, agents=failed, commit="0" * 40, ended_at=now())
        told = (await events.kind("rollout")).data["rollout"]
        assert (told["agents"][0]["action"], told["agents"][0]["error"]) == (7, "no room")
    assert (await page.snapshot())["rollouts"] == [told]


async def test_inputs_that_are_not_there_or_not_chosen_are_refused(swarm: Any) -> None:
    page = await swarm.page()
    refused = await page.post("/api/inputs/update", {"names": ["nixpkgs"]})
    assert error(refused) == (404, "unknown_input")
    assert refused.json()["error"]["details"] == {"known": ["hyperhive"]}
    for form in ({"names": []}, {}, {"names": ["x"] * 301}):
        assert error(await page.post("/api/inputs/update", form)) == (422, "bad_request")
    assert (await page.snapshot())["rollouts"] == []


@pytest.mark.spec("LIF-1", door="http")
@pytest.mark.spec("LIF-3", door="http")
async def test_one_agent_or_all_are_rebuilt(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    assert (await page.post("/api/agents/coder/rebuild")).json()["agent"]["name"] == "coder"
    assert [order.name for order in swarm.lifecycle.orders] == ["coder"]
    assert error(await page.post("/api/agents/nobody/rebuild")) == (404, "unknown_agent")
    begun = (await page.post("/api/rollouts")).json()
    assert (begun["cause"], [agent["name"] for agent in begun["agents"]]) == ("update_all", ["coder"])
    assert error(await page.post("/api/rollouts")) == (409, "rollout_in_flight")


async def test_the_page_begins_with_open_rollouts_and_the_last_that_ended(swarm: Any) -> None:
    await swarm.dashboard.stop()
    for _ in range(3):
        rollout = await swarm.lifecycle.roll(RolloutCause.AUTOMATIC, [])
        await swarm.lifecycle.change_rollout(rollout, ended_at=now())
    await swarm.lifecycle.roll(RolloutCause.UPDATE_ALL, [])
    await swarm.dashboard.start()
    page = await swarm.page()
    assert [rollout["id"] for rollout in (await page.snapshot())["rollouts"]] == [3, 4]


async def test_without_lifecycle_nothing_pretends_to_be_well(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    await swarm.lifecycle.bury("scribe")
    await swarm.lifecycle.roll(RolloutCause.UPDATE_ALL, [])
    page = await swarm.page()
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.lifecycle.stop()
        assert (await events.kind("swarm")).data["swarm"]["unreachable"] == ["lifecycle"]
    snapshot = await page.snapshot()
    assert ([r["id"] for r in snapshot["rollouts"]], [t["name"] for t in snapshot["tombstones"]]) == ([1], ["scribe"])
    for path in ("actions", "actions/1/output", "inputs", "tombstones", "agents/coder/logs?after=0&wait=20"):
        assert error(await page.get(f"/api/{path}")) == (503, "unavailable"), path
    for path in ("rollouts", "agents/coder/rebuild", "tombstones/scribe/purge"):
        assert error(await page.post(f"/api/{path}")) == (503, "unavailable"), path
    assert error(await page.post("/api/inputs/update", {"names": ["hyperhive"]})) == (503, "unavailable")
