"""The real broker as a process of its own, on a real nats-server."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from hive_kit.testing import ServiceProcess, TestNats, swarm_nats


@pytest_asyncio.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server


@pytest_asyncio.fixture
async def broker(nats: TestNats) -> AsyncGenerator[ServiceProcess]:
    quick = {
        "retry_base_seconds": 0.05,
        "retry_max_seconds": 0.2,
        "reminder_retry_base_seconds": 0.05,
        "reminder_retry_max_seconds": 0.2,
    }
    process = ServiceProcess("hive_broker", {**nats.settings("broker"), **quick}, nats.folder)
    await process.start()
    yield process
    process.kill()
