"""Names for new agents, and the state folders of agents to be."""

import os

import pytest
from hive_wire import lifecycle
from hive_wire.approvals import ApprovalKind
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, DestroyRequest, NameCheck


async def refusal(hive, name: str, *, draft: bool = False) -> ErrorCode | None:
    """Why the name can't be a new agent's; None when it can."""
    try:
        await hive.approvals.call(lifecycle.CHECK_NAME, NameCheck(name=name, draft=draft))
    except Refusal as refused:
        return refused.code
    return None


async def test_a_name_is_refused_as_a_spawn_would_refuse_it(hive) -> None:
    hive.own["agent_ports"] = {"manager": 8000, "first": 8100, "last": 8100}
    await hive.start()
    assert await refusal(hive, "coder") is None
    assert await refusal(hive, "Coder") is ErrorCode.BAD_NAME
    assert await refusal(hive, "ttl-watchdog") is ErrorCode.RESERVED_NAME
    await hive.spawned("coder")
    assert await refusal(hive, "coder") is ErrorCode.NAME_TAKEN
    assert await refusal(hive, "coder", draft=True) is ErrorCode.NAME_TAKEN
    assert await refusal(hive, "writer") is ErrorCode.PORT_TAKEN
    with pytest.raises(Refusal) as refused:
        await hive.operator.call(lifecycle.CHECK_NAME, NameCheck(name="poet"))
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_repositories_of_a_denied_request_leave_the_name_free(hive) -> None:
    await hive.start()
    hive.neighbours.make_repos("coder")
    assert await refusal(hive, "coder") is None
    await hive.spawned("coder")


@pytest.mark.spec("APR-9", door="wire")
async def test_a_draft_has_a_state_folder_and_nothing_else(hive) -> None:
    await hive.start()
    hive.neighbours.make_repos("coder")
    for _ in range(2):
        await hive.approvals.call(lifecycle.MAKE_DRAFT, AgentName(name="coder"))
    assert hive.work("coder").is_dir()
    assert (hive.work("coder").parent / "config" / "agent.nix").is_file()
    assert not (hive.state / "agents" / "coder").exists()
    assert (await hive.runtime.status("coder")).state == "absent"
    assert await refusal(hive, "coder") is ErrorCode.NAME_TAKEN
    assert await refusal(hive, "coder", draft=True) is None
    with pytest.raises(Refusal) as refused:
        await hive.spawn("coder")
    assert refused.value.code is ErrorCode.NAME_TAKEN
    for _ in range(2):
        await hive.approvals.call(lifecycle.DROP_DRAFT, AgentName(name="coder"))
    assert not hive.work("coder").parent.exists()
    assert await refusal(hive, "coder") is None


async def test_dropping_a_draft_never_touches_an_agent_or_what_one_left(hive) -> None:
    await hive.start()
    await hive.start_revoker()
    await hive.spawned("coder")
    await hive.approvals.call(lifecycle.DROP_DRAFT, AgentName(name="coder"))
    assert hive.report("coder")
    accepted = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="coder"))
    assert (await hive.ended(accepted)).ok
    await hive.approvals.call(lifecycle.DROP_DRAFT, AgentName(name="coder"))
    assert hive.report("coder")
    assert await refusal(hive, "coder", draft=True) is ErrorCode.NAME_TAKEN
    with pytest.raises(Refusal) as refused:
        await hive.approvals.call(lifecycle.MAKE_DRAFT, AgentName(name="coder"))
    assert refused.value.code is ErrorCode.NAME_TAKEN


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives agents users of their own")
async def test_a_drafts_folder_is_already_the_agents_and_open_to_the_manager(walled_hive) -> None:
    hive = walled_hive
    await hive.start()
    await hive.approvals.call(lifecycle.MAKE_DRAFT, AgentName(name="coder"))
    made = hive.work("coder").stat()
    assert made.st_gid == 50_000
    assert made.st_mode & 0o7777 == 0o2770
    await hive.approvals.call(lifecycle.CHECK_NAME, NameCheck(name="coder", draft=True))
    hive.neighbours.make_repos("coder")
    await hive.approve(7, "coder", {}, ApprovalKind.SPAWN)
    assert (await hive.finished(7)).ok
    assert hive.report("coder")["uid"] == made.st_uid
