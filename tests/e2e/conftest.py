"""The demo swarm, with quick retries of failed turns."""

from collections.abc import Iterator

import pytest

from tests.swarm import RealSwarm


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    running = RealSwarm(tmp_path_factory.mktemp("doors") / "state", demo=True, settings={"retry_base_seconds": "0.1"})
    running.up()
    yield running
    running.down()
