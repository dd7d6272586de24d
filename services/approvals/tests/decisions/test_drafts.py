"""Drafts: agents to be, made, edited, turned into agents or discarded."""

import pytest
from hive_kit.testing import eventually
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalStatus
from hive_wire.errors import ErrorCode
from hive_wire.model import Empty


@pytest.mark.spec("APR-9", door="wire")
async def test_a_draft_becomes_an_agent_by_a_commit_of_it(desk):
    draft = await desk.draft("scout")
    assert draft.start_commit == desk.at("scout")
    assert desk.neighbour.folders == {"scout"}
    assert [d.name for d in await desk.drafts()] == ["scout"]
    commit = desk.commit("scout", toml='model = "claude-x"\n')
    asked = await desk.spawn_commit("scout", commit)
    assert (asked.commit, asked.base) == (commit, None)
    assert (await desk.drafts())[0].approval == asked.id
    assert (await desk.refusal(desk.spawn_commit("scout", commit))).code is ErrorCode.DRAFT_IN_USE
    discard = desk.manager.call(wire.DISCARD_DRAFT, wire.DraftName(name="scout"))
    assert (await desk.refusal(discard)).code is ErrorCode.DRAFT_IN_USE
    page = await desk.shown(asked.id)
    assert page.base is None
    await desk.deployed(asked)
    assert await desk.drafts() == []
    assert desk.at("scout") == commit

    async def told() -> list[dict[str, str]]:
        return [payload for name, payload in desk.events if name == "draft.removed"]

    assert await eventually(told) == [{"name": "scout"}]


@pytest.mark.spec("APR-9", door="wire")
async def test_a_discarded_draft_leaves_nothing_and_its_name_is_free(desk):
    await desk.draft("scout")
    await desk.operator.call(wire.DISCARD_DRAFT, wire.DraftName(name="scout"))
    assert await desk.drafts() == []
    assert desk.neighbour.folders == set()
    assert not desk.applied("scout").exists()
    assert not desk.proposed("scout").exists()
    discard = desk.operator.call(wire.DISCARD_DRAFT, wire.DraftName(name="scout"))
    assert (await desk.refusal(discard)).code is ErrorCode.UNKNOWN_DRAFT
    await desk.draft("scout")


async def test_a_commit_of_no_draft_and_one_beside_its_start_are_refused(desk):
    await desk.agent("scribe")
    commit = desk.commit("scribe", toml='model = "x"\n')
    assert (await desk.refusal(desk.spawn_commit("scribe", commit))).code is ErrorCode.UNKNOWN_DRAFT
    await desk.draft("scout")
    folder = desk.proposed("scout")
    desk.git(folder, "checkout", "-q", "--orphan", "beside")
    desk.git(folder, "commit", "-q", "-m", "without history")
    beside = desk.git(folder, "rev-parse", "HEAD")
    assert (await desk.refusal(desk.spawn_commit("scout", beside))).code is ErrorCode.STALE_BASE


async def test_the_same_request_for_a_draft_is_one_draft(desk):
    request = wire.DraftRequest(name="scout", key="k")
    first = await desk.manager.call(wire.REQUEST_SPAWN_DRAFT, request)
    assert await desk.manager.call(wire.REQUEST_SPAWN_DRAFT, request) == first
    other = desk.manager.call(wire.REQUEST_SPAWN_DRAFT, wire.DraftRequest(name="other", key="k"))
    assert (await desk.refusal(other)).code is ErrorCode.KEY_REUSED


async def test_a_denied_spawn_frees_its_name_and_a_denied_draft_stays_one(desk):
    await desk.deny((await desk.spawn("scout")).id)
    again = await desk.spawn("scout")
    assert again.status is ApprovalStatus.PENDING
    await desk.draft("scribe")
    asked = await desk.spawn_commit("scribe", desk.commit("scribe", toml='model = "x"\n'))
    await desk.deny(asked.id)
    (draft,) = await desk.drafts()
    assert (draft.name, draft.approval) == ("scribe", None)


async def test_a_failed_spawn_can_be_mended_as_a_draft_and_asked_for_again(desk):
    asked = await desk.spawn("scout")
    await desk.approve(asked.id)
    await desk.event("approval.approved", asked.id)
    await desk.started(asked)
    await desk.finished(asked, "it did not come up")
    failed = await desk.until(asked.id, ApprovalStatus.FAILED)
    assert failed.note.startswith("it did not come up")
    assert "request_spawn_commit" in failed.note
    assert desk.tag_text("scout", f"failed/{asked.id}") == "it did not come up"
    assert (await desk.refusal(desk.spawn("scout"))).code is ErrorCode.NAME_TAKEN
    again = await desk.spawn_commit("scout", desk.commit("scout", toml='model = "x"\n'))
    assert desk.neighbour.asked[-1].draft
    done = await desk.deployed(again)
    assert done.status is ApprovalStatus.DEPLOYED
    assert await desk.drafts() == []


async def test_the_snapshot_has_what_is_open(desk):
    asked = await desk.spawn("scout")
    await desk.draft("scribe")
    dashboard = await desk.nats.bus("dashboard")
    snapshot = await dashboard.call(wire.SNAPSHOT, Empty())
    assert [a.id for a in snapshot.approvals] == [asked.id]
    assert [d.name for d in snapshot.drafts] == ["scribe"]
    assert snapshot.resolved == 0
    assert snapshot.outbox_id > 0
