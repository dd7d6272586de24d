"""Real parts for these tests: a NATS server, the dashboard in this process, a browser's HTTP client; and in place of
the other services small ones that speak the wire."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hive_kit.stream import ensure_stream
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats

from services.dashboard.tests.running import Dashboard
from services.dashboard.tests.stand_ins.approvals import TestApprovals
from services.dashboard.tests.stand_ins.broker import TestBroker
from services.dashboard.tests.stand_ins.lifecycle import TestLifecycle
from services.dashboard.tests.swarms import Deciding, Swarm


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def swarm(nats: TestNats, tmp_path: Path) -> AsyncGenerator[Swarm]:
    async with AsyncExitStack() as stack:
        mail = TestBroker(await nats.bus("broker"))
        await ensure_stream(mail.bus)
        await mail.start()
        agents = TestLifecycle(await nats.bus("lifecycle"))
        await agents.start()
        decisions = TestApprovals(await nats.bus("approvals"))
        await decisions.start()
        running = Dashboard(nats, tmp_path)
        await running.start()
        stack.push_async_callback(running.stop)
        yield Swarm(nats, running, stack, agents, mail, decisions)


@pytest.fixture
async def deciding(nats: TestNats, tmp_path: Path) -> AsyncGenerator[Deciding]:
    async with AsyncExitStack() as stack:
        agents = TestLifecycle(await nats.bus("lifecycle"))
        await ensure_stream(agents.bus)
        await agents.start()
        processes = [ServiceProcess(f"hive_{name}", nats.settings(name), tmp_path) for name in ("broker", "approvals")]
        for process in processes:
            stack.callback(process.kill)
            await process.start()
        running = Dashboard(nats, tmp_path)
        await running.start()
        stack.push_async_callback(running.stop)
        yield Deciding(nats, running, stack, agents, *processes, nats.folder)


@pytest.fixture
def when() -> Callable[..., Awaitable[Any]]:
    return eventually
