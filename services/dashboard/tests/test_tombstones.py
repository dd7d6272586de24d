"""What is kept of destroyed agents, on the page."""

from typing import Any

import pytest
from hive_wire.lifecycle import DestroyRequest


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def kept(page: Any) -> list[str]:
    return [tombstone["name"] for tombstone in (await page.snapshot())["tombstones"]]


@pytest.mark.spec("DSH-12", door="http")
@pytest.mark.spec("LIF-4", door="http")
async def test_what_is_kept_shows_at_once_and_is_purged(swarm: Any) -> None:
    page = await swarm.page()
    await swarm.lifecycle.bury("zoe")
    async with page.events((await page.snapshot())["position"]) as events:
        await swarm.lifecycle.bury("coder")
        told = (await events.until(lambda e: e.kind == "tombstone" and e.data["tombstone"]["name"] == "coder"))[-1]
        assert (told.data["tombstone"]["size_bytes"], told.data["tombstone"]["login_kept"]) == (4096, True)
        assert await kept(page) == ["coder", "zoe"]
        listed = (await page.get("/api/tombstones")).json()["tombstones"]
        assert told.data["tombstone"] in listed
        assert (await page.post("/api/tombstones/coder/purge")).json() == {}
        assert (await events.kind("tombstone_removed")).data["name"] == "coder"
    assert await kept(page) == ["zoe"]
    assert error(await page.post("/api/tombstones/coder/purge")) == (404, "unknown_tombstone")
    await swarm.lifecycle.put("zoe")
    assert error(await page.post("/api/tombstones/zoe/purge")) == (409, "agent_exists")


@pytest.mark.spec("LIF-4", door="http")
async def test_reviving_asks_for_an_approval_once(swarm: Any) -> None:
    page = await swarm.page()
    swarm.approvals.kept.add("coder")
    form = {"description": "we miss it", "key": "k1"}
    async with page.events((await page.snapshot())["position"]) as events:
        first, again = [(await page.post("/api/tombstones/coder/revive", form)).json() for _ in range(2)]
        assert (first["id"], first["revives"], first["description"]) == (again["id"], True, "we miss it")
        assert (await events.kind("approval")).data["approval"]["revives"] is True
    assert [approval["id"] for approval in (await page.snapshot())["approvals"]] == [first["id"]]
    assert error(await page.post("/api/tombstones/nobody/revive", form)) == (404, "unknown_tombstone")
    for wrong in ({"description": "no key"}, {"key": ""}, {"key": "x" * 129}):
        assert error(await page.post("/api/tombstones/coder/revive", wrong)) == (422, "bad_request")


@pytest.mark.spec("LIF-4", door="http")
async def test_destroying_keeps_everything_unless_purging_is_asked_for(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    for form in ({"confirm": "coder"}, {"confirm": "coder", "purge": True}):
        assert (await page.post("/api/agents/coder/destroy", form)).status_code == 200
    assert swarm.lifecycle.orders == [DestroyRequest(name="coder"), DestroyRequest(name="coder", purge=True)]
    assert error(await page.post("/api/agents/coder/destroy", {"confirm": "other", "purge": True})) == (
        422,
        "bad_request",
    )


async def test_what_is_kept_is_there_when_the_dashboard_starts(swarm: Any) -> None:
    await swarm.dashboard.stop()
    await swarm.lifecycle.bury("coder")
    await swarm.dashboard.start()
    assert await kept(await swarm.page()) == ["coder"]
