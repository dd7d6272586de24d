"""What the manager may do to agents."""

import pytest
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest, LogsRequest
from hive_wire.model import Empty


@pytest.mark.spec("MCP-2", door="wire")
async def test_the_manager_starts_stops_restarts_updates_and_reads_but_does_not_make_or_destroy(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    manager = await hive.nats.bus("manager")
    assert [a.name for a in (await manager.call(lifecycle.LIST, Empty())).agents] == ["manager", "coder"]
    assert "coder is up" in (await manager.call(lifecycle.LOGS, LogsRequest(name="coder"))).lines
    for verb, after in (
        (lifecycle.STOP, ContainerState.STOPPED),
        (lifecycle.START, ContainerState.RUNNING),
        (lifecycle.RESTART, ContainerState.RUNNING),
        (lifecycle.KILL, ContainerState.STOPPED),
        (lifecycle.UPDATE, ContainerState.STOPPED),
    ):
        accepted = await manager.call(verb, AgentName(name="coder"))
        assert (await hive.done(accepted)).container is after
    assert (await hive.event("agent.stopped", "coder"))["requested_by"] == "manager"
    for verb, request in (
        (lifecycle.SPAWN, AgentName(name="writer")),
        (lifecycle.DESTROY, DestroyRequest(name="coder")),
        (lifecycle.CHECK_NAME, lifecycle.NameCheck(name="writer")),
    ):
        with pytest.raises(Refusal) as refused:
            await manager.call(verb, request)
        assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.spec("MCP-2", door="wire")
async def test_the_manager_does_not_end_its_own_turn(hive) -> None:
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)
    manager = await hive.nats.bus("manager")
    for verb in (lifecycle.STOP, lifecycle.KILL, lifecycle.RESTART, lifecycle.UPDATE):
        with pytest.raises(Refusal) as refused:
            await manager.call(verb, AgentName(name="manager"))
        assert refused.value.code is ErrorCode.MANAGER_PROTECTED
    assert (await manager.call(lifecycle.START, AgentName(name="manager"))).agent.transient is None
    await hive.done(await hive.do(lifecycle.RESTART, "manager"))
