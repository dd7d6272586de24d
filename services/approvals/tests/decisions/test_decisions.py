"""Deciding: exactly what was shown, once, each item by itself."""

import asyncio

import pytest
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalStatus, Decision
from hive_wire.errors import ErrorCode


@pytest.mark.spec("APR-6", door="wire")
async def test_an_approved_commit_is_deployed_and_every_step_is_a_ref_and_an_event(desk):
    base = await desk.agent("scout")
    commit = desk.commit("scout", toml='model = "claude-x"\n')
    asked = await desk.propose("scout", commit)
    (result,) = await desk.approve(asked.id)
    assert result.ok
    assert (result.approval.status, result.approval.decided_by) == (ApprovalStatus.APPROVED, "operator")
    released = await desk.event("approval.approved", asked.id)
    assert released["branch"] == f"build/{asked.id}"
    assert released["config"]["model"] == "claude-x"
    assert desk.at("scout", f"refs/heads/build/{asked.id}") == commit
    await desk.refs_are("scout", "proposal/2", "approved/2", "build/2")
    await desk.started(asked)
    building = await desk.until(asked.id, ApprovalStatus.BUILDING)
    assert building.building_at is not None
    await desk.refs_are("scout", "proposal/2", "approved/2", "build/2", "building/2")
    assert desk.at("scout") == base
    await desk.finished(asked, notes=["agent.nix was not used"])
    done = await desk.until(asked.id, ApprovalStatus.DEPLOYED)
    assert desk.at("scout") == desk.at("scout", "deployed/2") == commit
    assert done.notes[-1] == "agent.nix was not used"
    assert done.resolved_at is not None
    await desk.refs_are("scout", "proposal/2", "approved/2", "building/2", "deployed/2")
    await desk.event("approval.resolved", asked.id)
    steps = ["requested", "decided", "approved", "building", "resolved"]
    assert desk.of(asked.id) == [f"approval.{step}" for step in steps]


@pytest.mark.spec("APR-6", door="wire")
async def test_a_failed_deploy_keeps_its_error_in_an_annotated_tag_and_moves_nothing(desk):
    base = await desk.agent("scout")
    asked = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    await desk.approve(asked.id)
    await desk.event("approval.approved", asked.id)
    await desk.started(asked)
    error = "error: attribute 'foo' missing\n\n  at agent.nix:3"
    await desk.finished(asked, error)
    failed = await desk.until(asked.id, ApprovalStatus.FAILED)
    assert failed.note == error
    assert desk.tag_text("scout", "failed/2") == error
    assert desk.git(desk.applied("scout"), "cat-file", "-t", "failed/2") == "tag"
    assert desk.at("scout") == base
    await desk.refs_are("scout", "proposal/2", "approved/2", "building/2", "failed/2")


@pytest.mark.spec("APR-7", door="wire")
async def test_a_denial_keeps_its_reason_line_breaks_and_all(desk):
    await desk.agent("scout")
    asked = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    reason = "Not that model.\n\n# Use the small one\n`ok`?"
    (result,) = await desk.deny(asked.id, reason=reason)
    assert result.ok
    assert (result.approval.status, result.approval.note) == (ApprovalStatus.DENIED, reason)
    await desk.refs_are("scout", "proposal/2", "denied/2")
    assert desk.tag_text("scout", "denied/2") == reason
    event = await desk.event("approval.decided", asked.id)
    assert (event["approval"]["status"], event["approval"]["note"]) == ("denied", reason)
    await desk.event("approval.resolved", asked.id)
    again = await desk.propose("scout", desk.commit("scout", toml='model = "y"\n'))
    (result,) = await desk.deny(again.id, reason="  ")
    assert result.approval.note is None
    await desk.refs_are("scout", "proposal/2", "denied/2", "proposal/3", "denied/3")


@pytest.mark.spec("APR-8", door="wire")
async def test_the_second_decision_is_told_who_decided_when_and_how(desk):
    await desk.agent("scout")
    asked = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    shown = await desk.shown(asked.id)
    other = await desk.nats.bus("operator")

    async def decide(bus, decision):
        items = [wire.DecisionItem(id=asked.id, hash=shown.hash)]
        return (await bus.call(wire.DECIDE, wire.DecideRequest(decision=decision, items=items))).results[0]

    both = await asyncio.gather(decide(desk.operator, Decision.APPROVE), decide(other, Decision.DENY))
    assert sorted(r.ok for r in both) == [False, True]
    late = next(r for r in both if not r.ok)
    won = next(r for r in both if r.ok).approval
    assert late.code == ErrorCode.ALREADY_DECIDED
    assert late.approval.decided_at == won.decided_at
    assert won.decided_by == "operator"
    for word in ("operator", str(won.decided_at.year)):
        assert word in late.message
    third = await decide(desk.operator, Decision.APPROVE)
    assert third.code == ErrorCode.ALREADY_DECIDED
    await desk.event("approval.approved" if won.status == "approved" else "approval.resolved", asked.id)
    decided = [name for name in desk.of(asked.id) if name == "approval.decided"]
    assert len(decided) == 1


@pytest.mark.spec("APR-13", door="wire")
async def test_a_decision_on_something_else_than_what_is_there_is_refused(desk):
    await desk.agent("scout")
    first = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    child = desk.commit("scout", nix="{ }\n")
    second = await desk.propose("scout", child)
    shown = await desk.shown(second.id)
    wrong = [wire.DecisionItem(id=first.id, hash=shown.hash), wire.DecisionItem(id=999, hash=shown.hash)]
    request = wire.DecideRequest(decision=Decision.APPROVE, items=wrong)
    results = (await desk.operator.call(wire.DECIDE, request)).results
    assert [r.code for r in results] == [ErrorCode.CHANGED_SINCE_SHOWN, ErrorCode.NOT_FOUND]
    assert results[0].approval.status is ApprovalStatus.PENDING
    await desk.deployed(first)  # the base of the second is another one now
    request = wire.DecideRequest(decision=Decision.APPROVE, items=[wire.DecisionItem(id=second.id, hash=shown.hash)])
    (result,) = (await desk.operator.call(wire.DECIDE, request)).results
    assert result.code == ErrorCode.CHANGED_SINCE_SHOWN
    anew = await desk.shown(second.id)
    assert anew.hash != shown.hash
    assert anew.base == first.commit
    assert [r.ok for r in await desk.approve(second.id)] == [True]


@pytest.mark.spec("APR-13", door="wire")
async def test_each_hidden_field_changes_the_hash(desk):
    await desk.agent("scout")
    asked = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'), "one")
    await desk.deny(asked.id)
    hashes = {(await desk.shown(asked.id)).hash}
    again = await desk.propose("scout", asked.commit, "two")
    hashes.add((await desk.shown(again.id)).hash)
    assert len(hashes) == 2
    assert (await desk.shown(again.id)).hash == (await desk.shown(again.id)).hash


@pytest.mark.spec("APR-6", door="wire")
async def test_a_proposal_beside_what_is_deployed_becomes_superseded(desk):
    base = await desk.agent("scout")
    first = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    beside = await desk.propose("scout", desk.commit("scout", on=base, toml='model = "y"\n'))
    above = await desk.propose("scout", desk.commit("scout", on=first.commit, toml='model = "z"\n'))
    await desk.deployed(first)
    gone = await desk.until(beside.id, ApprovalStatus.SUPERSEDED)
    assert "rebase" in gone.note
    await desk.event("approval.resolved", beside.id)
    assert (await desk.view(above.id)).status is ApprovalStatus.PENDING
    (result,) = await desk.approve(beside.id)
    assert result.code == ErrorCode.STALE_BASE
    stale = desk.commit("scout", on=base, toml='model = "w"\n')
    assert (await desk.refusal(desk.propose("scout", stale))).code is ErrorCode.STALE_BASE


@pytest.mark.spec("APR-14", door="wire")
async def test_many_are_decided_at_once_and_each_has_its_own_result(desk):
    await desk.agent("scout")
    await desk.agent("scribe")
    one = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    two = await desk.propose("scout", desk.commit("scout", toml='model = "y"\n'))
    three = await desk.propose("scribe", desk.commit("scribe", toml='model = "x"\n'))
    results = await desk.approve(one.id, two.id, three.id)
    assert [(r.id, r.ok, r.code) for r in results] == [
        (one.id, True, None),
        (two.id, False, "deploy_in_flight"),
        (three.id, True, None),
    ]
    assert results[1].approval.status is ApprovalStatus.PENDING
    four = await desk.spawn("helper")
    results = await desk.deny(two.id, four.id, reason="later")
    assert [(r.ok, r.approval.note) for r in results] == [(True, "later")] * 2


@pytest.mark.spec("APR-2", door="wire")
async def test_the_name_is_checked_again_when_the_spawn_is_approved(desk):
    asked = await desk.spawn("scout")
    desk.neighbour.agents.add("scout")
    (result,) = await desk.approve(asked.id)
    assert (result.ok, result.code) == (False, "name_taken")
    assert result.approval.status is ApprovalStatus.PENDING
    (result,) = await desk.deny(asked.id)
    assert result.ok


async def test_only_the_operator_decides(desk):
    asked = await desk.spawn("scout")
    shown = await desk.shown(asked.id)
    request = wire.DecideRequest(decision=Decision.APPROVE, items=[wire.DecisionItem(id=asked.id, hash=shown.hash)])
    assert (await desk.refusal(desk.manager.call(wire.DECIDE, request))).code is ErrorCode.FORBIDDEN


@pytest.mark.spec("APR-5", door="wire")
async def test_a_large_diff_comes_in_pages_and_whole(desk):
    await desk.agent("scout")
    lines = "".join(f"# line {number} \N{SNOWMAN} {'x' * 40}\n" for number in range(60_000))
    asked = await desk.propose("scout", desk.commit("scout", nix=lines[:1_000_000], **{"more.nix": lines[:900_000]}))
    text, cursor, pages, hashes = "", None, 0, set()
    while True:
        page = await desk.operator.call(wire.DIFF, wire.DiffRequest(id=asked.id, cursor=cursor))
        assert len(page.model_dump_json()) < 1_200_000
        text += "".join(part.text for part in page.parts)
        hashes.add(page.hash)
        pages, cursor = pages + 1, page.next
        if cursor is None:
            break
    assert pages > 1
    assert len(hashes) == 1
    added = [line[1:] for line in text.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added[:5] == lines.splitlines()[:5]
    assert len(added) == page.additions == len(lines[:1_000_000].splitlines()) + len(lines[:900_000].splitlines())
