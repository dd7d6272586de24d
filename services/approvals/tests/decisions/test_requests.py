"""Asking for approvals: what is refused at once, what waits, and that the same request is one."""

import asyncio

import pytest
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorCode
from hive_wire.model import Empty


@pytest.mark.spec("APR-1", door="wire")
async def test_a_spawn_request_waits_for_the_operator_with_its_whole_template(desk):
    approval = await desk.spawn("scout", "looks around")
    assert (approval.kind, approval.status) == (ApprovalKind.SPAWN, ApprovalStatus.PENDING)
    assert (approval.agent, approval.description, approval.requested_by) == ("scout", "looks around", "manager")
    assert approval.base is None
    assert approval.commit == desk.at("scout") == desk.at("scout", "proposal/1")
    assert (await desk.event("approval.requested", 1))["approval"]["status"] == "pending"
    listed = await desk.operator.call(wire.PENDING, Empty())
    assert [a.id for a in listed.approvals] == [1]
    page = await desk.shown(1)
    assert page.base is None
    shown = "".join(part.text for part in page.parts)
    for name in ("agent.nix", "agent.toml", "flake.nix"):
        assert f"+++ b/{name}" in shown


@pytest.mark.spec("APR-2", door="wire")
async def test_a_name_that_cannot_be_is_refused_at_once_with_the_reason(desk):
    await desk.agent("taken")
    await desk.spawn("waiting")
    await desk.draft("drafted")
    wanted = {
        "Scout": ErrorCode.BAD_NAME,
        "../up": ErrorCode.BAD_NAME,
        "taken": ErrorCode.NAME_TAKEN,
        "waiting": ErrorCode.NAME_TAKEN,
        "drafted": ErrorCode.NAME_TAKEN,
    }
    for name, code in wanted.items():
        assert (await desk.refusal(desk.spawn(name))).code is code, name
        assert (await desk.refusal(desk.draft(name))).code is code, name
    assert (await desk.refusal(desk.spawn("waiting"))).details["approval"] == 2
    assert [p.name for p in sorted(desk.config.glob("applied/*"))] == ["drafted", "taken", "waiting"]


async def test_two_requests_for_one_name_at_once_make_one_approval(desk):
    results = await asyncio.gather(*(desk.spawn("scout") for _ in range(4)), return_exceptions=True)
    assert sorted(getattr(r, "code", "made") for r in results) == ["made", *["name_taken"] * 3]


async def test_nothing_is_stored_while_lifecycle_does_not_answer(desk):
    await desk.lifecycle.close()
    assert (await desk.refusal(desk.spawn("scout"))).code is ErrorCode.UNAVAILABLE
    assert not desk.applied("scout").exists()


@pytest.mark.spec("APR-3", door="wire")
async def test_a_commit_is_pinned_by_its_digits_and_tagged(desk):
    base = await desk.agent("scout")
    commit = desk.commit("scout", toml='model = "claude-x"\n')
    approval = await desk.propose("scout", commit[:9].upper(), "another model")
    assert (approval.commit, approval.base, approval.kind) == (commit, base, ApprovalKind.APPLY_COMMIT)
    assert desk.at("scout", f"proposal/{approval.id}") == commit
    assert desk.at("scout") == base
    desk.git(desk.proposed("scout"), "checkout", "-q", "-B", "abcdef0", commit)
    for bad in ("main", "HEAD", "abcdef0^", "v1", "abc12", commit + "0"):
        assert (await desk.refusal(desk.propose("scout", bad))).code is ErrorCode.BAD_COMMIT, bad
    for unknown in ("abcdef0", "0123456789abcdef0123456789abcdef01234567"):
        assert (await desk.refusal(desk.propose("scout", unknown))).code is ErrorCode.UNKNOWN_COMMIT
    assert (await desk.refusal(desk.propose("nobody", commit))).code is ErrorCode.UNKNOWN_AGENT
    desk.neighbour.agents.add("bare")
    assert (await desk.refusal(desk.propose("bare", commit))).code is ErrorCode.NO_REPO
    assert (await desk.refusal(desk.propose("scout", base))).code is ErrorCode.NOTHING_NEW
    assert (await desk.refusal(desk.propose("scout", commit))).code is ErrorCode.NOTHING_NEW
    listed = await desk.operator.call(wire.PENDING, Empty())
    assert [a.id for a in listed.approvals] == [approval.id]


@pytest.mark.spec("APR-4", door="wire")
async def test_a_proposal_that_touches_the_flake_is_kept_as_failed_and_never_waits(desk):
    await desk.agent("scout")
    commit = desk.commit("scout", flake="{ }\n")
    key = desk.key()
    for _ in range(2):  # the same request again is refused the same way, and is one row
        refusal = await desk.refusal(desk.propose("scout", commit, key=key))
        assert refusal.code is ErrorCode.FIXED_FILE
    event = await desk.event("approval.resolved", 2)
    assert event["approval"]["status"] == "failed"
    assert event["approval"]["note"] == refusal.message
    assert (await desk.operator.call(wire.PENDING, Empty())).approvals == []
    history = await desk.operator.call(wire.HISTORY, wire.HistoryRequest())
    assert [(a.id, a.status) for a in history.approvals] == [(2, ApprovalStatus.FAILED), (1, ApprovalStatus.DEPLOYED)]
    assert desk.of(2) == ["approval.resolved"]
    await desk.refs_are("scout", "proposal/2", "failed/2")
    assert desk.tag_text("scout", "failed/2") == refusal.message


@pytest.mark.spec("CFG-4", door="wire")
async def test_a_wrong_agent_toml_is_refused_with_file_line_and_key(desk):
    await desk.agent("scout")
    refusal = await desk.refusal(desk.propose("scout", desk.commit("scout", toml="\nmodle = 3\n")))
    assert refusal.code is ErrorCode.BAD_CONFIG
    problem = refusal.details["problems"][0]
    assert (problem["file"], problem["line"], problem["key"]) == ("agent.toml", 2, "modle")


async def test_the_same_request_is_one_approval_and_another_with_its_key_is_refused(desk):
    await desk.agent("scout")
    commit = desk.commit("scout", toml='model = "a"\n')
    key = desk.key()
    first = await desk.propose("scout", commit, "why", key)
    assert await desk.propose("scout", commit, "why", key) == first
    assert (await desk.refusal(desk.propose("scout", commit, "else", key))).code is ErrorCode.KEY_REUSED
    assert desk.of(first.id) == ["approval.requested"]
    spawned = await desk.spawn("other", key=key + "s")
    assert await desk.spawn("other", key=key + "s") == spawned


async def test_agents_can_ask_for_nothing(desk):
    agent = await desk.nats.bus("scout")
    request = wire.SpawnRequest(name="helper", key="k")
    assert (await desk.refusal(agent.call(wire.REQUEST_SPAWN, request))).code is ErrorCode.FORBIDDEN


@pytest.mark.spec("CFG-2", door="wire")
async def test_what_is_deployed_can_be_read_and_nothing_else(desk):
    commit = await desk.agent("scout")
    desk.commit("scout", nix="{ } # not deployed\n")
    read = wire.ConfigRequest(agent="scout")
    for bus in (desk.operator, desk.manager):
        found = await bus.call(wire.READ_CONFIG, read)
        assert (found.commit, found.path, found.cut) == (commit, "agent.nix", False)
        assert found.text == desk.git(desk.applied("scout"), "show", "main:agent.nix") + "\n"
        assert set(found.paths) == {"agent.nix", "agent.toml", "flake.nix"}
    for name in ("nobody", "../proposed/scout", "", ".", "scout/../scout"):
        refusal = await desk.refusal(desk.operator.call(wire.READ_CONFIG, wire.ConfigRequest(agent=name)))
        assert refusal.code is ErrorCode.UNKNOWN_AGENT, name
    for path in ("../secret", "/etc/passwd", "agent.nix/../flake.nix", "", "nothing.nix"):
        request = wire.ConfigRequest(agent="scout", path=path)
        refusal = await desk.refusal(desk.operator.call(wire.READ_CONFIG, request))
        assert refusal.code in {ErrorCode.BAD_PATH, ErrorCode.NOT_FOUND}, path
    agent = await desk.nats.bus("scout")
    assert (await desk.refusal(agent.call(wire.READ_CONFIG, read))).code is ErrorCode.FORBIDDEN
