"""An agent's journal on the page: read, followed, and let go of."""

import asyncio
from typing import Any

import pytest
from hive_kit.testing import eventually


@pytest.mark.spec("WAT-4", door="http")
@pytest.mark.spec("DSH-11", door="http")
async def test_a_journal_is_read_by_unit_and_followed(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    for line in ("one", "two", "three"):
        await swarm.lifecycle.log(line)
    page = await swarm.page()
    read = (await page.get("/api/agents/coder/logs?lines=2")).json()
    assert read["lines"] == ["harness: two", "harness: three"]
    machine = (await page.get("/api/agents/coder/logs?unit=machine&lines=1")).json()
    assert machine["lines"] == ["machine: three"]
    following = asyncio.create_task(page.get(f"/api/agents/coder/logs?after={read['cursor']}&wait=20"))
    await asyncio.wait_for(swarm.lifecycle.followed.wait(), 30)
    await swarm.lifecycle.log("four")
    followed = (await following).json()
    assert (followed["lines"], followed["cursor"]) == (["harness: four"], "4")


@pytest.mark.spec("WAT-4", door="http")
@pytest.mark.parametrize("query", ["lines=5001", "lines=0", "unit=sshd", "wait=21", "wait=-1", "after=" + "x" * 513])
async def test_no_more_than_the_fixed_choices_of_a_journal(swarm: Any, query: str) -> None:
    page = await swarm.page()
    answer = await page.get(f"/api/agents/coder/logs?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_request")


async def follow(swarm: Any) -> tuple[Any, "asyncio.Task[Any]"]:
    """A page that waits for the next line of a journal, with the request under way."""
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    swarm.lifecycle.followed.clear()
    following = asyncio.create_task(page.get("/api/agents/coder/logs?after=0&wait=20"))
    await asyncio.wait_for(swarm.lifecycle.followed.wait(), 30)
    return page, following


async def test_a_page_that_goes_away_stops_following(swarm: Any) -> None:
    _page, following = await follow(swarm)
    following.cancel()
    await asyncio.wait([following])

    async def asking() -> list[str]:
        """The dashboard runs in this process: its requests to lifecycle are among the tasks."""
        coroutines = [task.get_coro() for task in asyncio.all_tasks()]
        return [name for found in coroutines if (name := found.__qualname__) in ("Bus.call", "Subscription.ended")]

    assert await eventually(asking, lambda names: not names, seconds=25) == []


async def test_logging_out_ends_the_following(swarm: Any) -> None:
    page, following = await follow(swarm)
    assert (await page.post("/api/logout")).status_code == 204
    answer = await asyncio.wait_for(following, 25)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_the_dashboards_end_does_not_wait_for_a_journal(swarm: Any) -> None:
    _page, following = await follow(swarm)
    await swarm.dashboard.stop()
    answer = await asyncio.wait_for(following, 25)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
