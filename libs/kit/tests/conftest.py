"""A real nats-server for each test that asks for one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from hive_kit.testing import TestNats, swarm_nats


@pytest_asyncio.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server
