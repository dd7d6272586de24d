"""Agents that were destroyed, asked for again with what is kept of them."""

import asyncio
import shutil

import pytest
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorCode
from hive_wire.lifecycle import NameCheck
from hive_wire.names import Role


@pytest.mark.spec("LIF-4", door="wire")
async def test_a_revived_agent_waits_for_the_operator_with_the_configuration_that_it_had(desk):
    deployed = await desk.destroyed("scout")
    approval = await desk.revive("scout", key="one")
    assert (approval.kind, approval.revives, approval.status) == (ApprovalKind.SPAWN, True, ApprovalStatus.PENDING)
    assert (approval.commit, approval.base) == (deployed, None)
    assert desk.neighbour.asked[-1] == NameCheck(name="scout", revives=True)
    shown = await desk.shown(approval.id)
    assert shown.files == 3
    assert 'model = "opus"' in str(shown.parts)
    assert (await desk.revive("scout", key="one")).id == approval.id
    assert (await desk.refusal(desk.spawn("scout", key="one"))).code is ErrorCode.KEY_REUSED
    assert (await desk.refusal(desk.revive("scout"))).code is ErrorCode.NAME_TAKEN
    released = (await desk.approve(approval.id))[0]
    assert released.ok, released.message
    told = await desk.event("approval.approved", approval.id)
    assert (told["approval"]["revives"], told["config"]["model"]) == (True, "opus")
    await desk.started(approval)
    await desk.finished(approval)
    assert (await desk.until(approval.id, ApprovalStatus.DEPLOYED)).revives
    assert desk.at("scout") == deployed
    assert await desk.drafts() == []


async def test_what_was_not_destroyed_or_is_purged_meanwhile_can_not_be_revived(desk):
    await desk.agent("scout")
    assert (await desk.refusal(desk.revive("scout"))).code is ErrorCode.UNKNOWN_TOMBSTONE
    await desk.destroyed("poet")
    approval = await desk.revive("poet")
    desk.neighbour.tombstones.discard("poet")
    [result] = await desk.approve(approval.id)
    assert (result.ok, result.code) == (False, ErrorCode.UNKNOWN_TOMBSTONE)
    [denied] = await desk.deny(approval.id, reason="let it rest")
    assert denied.ok


@pytest.mark.spec("LIF-4", door="wire")
async def test_a_revival_that_fails_leaves_no_draft_and_can_be_asked_for_again(desk):
    await desk.destroyed("scout")
    approval = await desk.revive("scout")
    await desk.approve(approval.id)
    await desk.event("approval.approved", approval.id)
    await desk.started(approval)
    await desk.finished(approval, error="it does not come up")
    ended = await desk.until(approval.id, ApprovalStatus.FAILED)
    assert "draft" not in (ended.note or "")
    assert await desk.drafts() == []
    assert (await desk.revive("scout")).status is ApprovalStatus.PENDING


async def test_repositories_that_are_gone_are_made_anew_from_the_template(desk):
    before = await desk.destroyed("scout")
    for folder in (desk.applied("scout"), desk.proposed("scout")):
        await asyncio.to_thread(shutil.rmtree, folder)
    approval = await desk.revive("scout")
    assert approval.commit != before
    assert desk.at("scout") == approval.commit


async def test_a_proposed_repository_that_was_broken_meanwhile_does_not_matter(desk):
    deployed = await desk.destroyed("scout")
    await asyncio.to_thread(shutil.rmtree, desk.proposed("scout") / ".git" / "objects")
    assert (await desk.revive("scout")).commit == deployed


async def test_asking_what_an_agent_has_deployed_records_no_further_spawn(desk):
    await desk.agent("scout")
    commit = desk.commit("scout", toml='model = "opus"\n')
    await desk.deployed(await desk.propose("scout", commit))
    request = wire.SeedRequest(agent="scout", role=Role.AGENT, requested_by="operator")
    seeded = await desk.lifecycle.call(wire.SEED_REPOS, request)
    assert (seeded.commit, seeded.config.model) == (commit, "opus")
    history = await desk.operator.call(wire.HISTORY, wire.HistoryRequest())
    assert sorted(a.kind for a in history.approvals) == [ApprovalKind.APPLY_COMMIT, ApprovalKind.SPAWN]
