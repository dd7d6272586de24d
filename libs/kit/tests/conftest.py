"""A real nats-server for each test that asks for one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hive_kit.testing import TestNats, swarm_nats


@pytest.fixture(autouse=True, scope="session")
def _plain_logs() -> None:
    """structlog's default draws tracebacks with every variable, which takes seconds for large ones."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )


@pytest_asyncio.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server
