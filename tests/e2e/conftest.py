"""The demo swarm, with quick retries of failed turns; one for all tests of the group `doors`."""

from collections.abc import Iterator

import pytest

from tests.swarm import RealSwarm


@pytest.fixture(scope="session")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    running = RealSwarm(tmp_path_factory.mktemp("doors") / "state", demo=True, settings={"retry_base_seconds": "0.1"})
    running.up()
    yield running
    running.down()
