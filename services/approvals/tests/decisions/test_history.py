"""History: resolved approvals, the last one first, page by page; broken rows among them."""

import sqlite3
from contextlib import closing

import pytest
from hive_wire import approvals as wire
from hive_wire.errors import ErrorCode
from hive_wire.model import Empty


async def page(desk, **how):
    return await desk.operator.call(wire.HISTORY, wire.HistoryRequest(**how))


@pytest.mark.spec("APR-10", door="wire")
async def test_history_goes_by_the_moment_of_resolution_and_in_pages(desk):
    asked = [await desk.spawn(f"agent-{number}") for number in range(7)]
    for approval in reversed(asked):
        await desk.deny(approval.id, reason="a\nb")
    first = await page(desk, limit=3)
    assert ([a.id for a in first.approvals], first.more, first.total) == ([1, 2, 3], True, 7)
    assert first.approvals[0].note == "a\nb"
    second = await page(desk, limit=3, before=first.before)
    third = await page(desk, limit=3, before=second.before)
    assert [a.id for a in second.approvals + third.approvals] == [4, 5, 6, 7]
    assert (third.more, third.before) == (False, None)
    bad = desk.operator.call(wire.HISTORY, wire.HistoryRequest(before="x"))
    assert (await desk.refusal(bad)).code is ErrorCode.BAD_REQUEST


@pytest.mark.spec("APR-10", door="wire")
async def test_a_row_that_cannot_be_read_is_listed_as_broken_and_hides_no_other(desk):
    asked = [await desk.spawn(f"agent-{number}") for number in range(3)]
    await desk.deny(asked[0].id)
    with closing(sqlite3.connect(desk.nats.folder / "approvals.db")) as connection, connection:
        connection.execute("UPDATE approvals SET notes = 'oops' WHERE id IN (1, 2)")
    found = await page(desk)
    assert (found.approvals, [(b.table, b.id) for b in found.broken]) == ([], [("approvals", 1)])
    pending = await desk.operator.call(wire.PENDING, Empty())
    assert ([a.id for a in pending.approvals], [b.id for b in pending.broken]) == ([3], [2])
    look = desk.operator.call(wire.APPROVAL, wire.ApprovalId(id=2))
    assert (await desk.refusal(look)).code is ErrorCode.STORAGE_FAILED
    assert "row_broken" in desk.service.log


@pytest.mark.spec("APR-10", door="wire")
async def test_spawns_without_an_approval_are_in_the_history(desk):
    commit = await desk.agent("scout")
    found = await page(desk)
    assert [(a.agent, a.commit, a.status, a.decided_by) for a in found.approvals] == [
        ("scout", commit, "deployed", "operator")
    ]
    await desk.event("approval.resolved", 1)
    await desk.agent("scout")
    assert (await page(desk)).total == 1
