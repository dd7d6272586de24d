from collections.abc import AsyncGenerator

import httpx2
import pytest
from hive_demo.testing import RunningModel, scripted_model


@pytest.fixture
async def model() -> AsyncGenerator[RunningModel]:
    async with scripted_model() as running:
        yield running


@pytest.fixture
async def http(model: RunningModel) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{model.port}", timeout=10) as client:
        yield client
