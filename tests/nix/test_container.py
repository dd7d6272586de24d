"""An agent's container boots with the harness's unit: it is an ordinary user of the host, and ends with its harness."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_lifecycle import layout as places
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.runtimes import AgentSpec
from hive_wire import agent as agent_verbs
from hive_wire import broker
from hive_wire.errors import Refusal
from hive_wire.live import AgentState, AgentStatus
from hive_wire.model import Empty
from hive_wire.names import Role

from tests.nix.container import Container
from tests.nix.evaluation import ROOT, evaluate
from tests.nix.machine import require_nspawn

OWNER = Owner(uid=50_001, group=50_000)
NAME = "coder"
pytestmark = pytest.mark.xdist_group("nix-machine")


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    require_nspawn()
    async with swarm_nats(tmp_path / "nats") as nats:
        yield nats


@pytest.fixture
async def operator(nats: TestNats) -> AsyncGenerator[Bus]:
    """The operator's connection to a swarm with a broker, where the agent's inbox is open."""
    process = ServiceProcess("hive_broker", nats.settings("broker"), nats.folder)
    await process.start()
    core = await nats.bus("lifecycle")
    await core.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=NAME))
    yield await nats.bus("operator")
    process.kill()


@pytest.mark.spec("LIF-8", door="nix")
@pytest.mark.spec("OPS-6", door="nix")
async def test_a_container_is_an_ordinary_user_of_the_host_and_ends_with_its_harness(
    nats: TestNats, operator: Bus, store: Path, tmp_path: Path
) -> None:
    layout = _furnished(nats, tmp_path / "state")
    with _container(layout, store, tmp_path) as container:
        try:
            await eventually(
                lambda: _status(operator), lambda now: now is not None and now.state is AgentState.NEEDS_LOGIN, 120
            )
        except AssertionError as late:
            raise AssertionError(container.console) from late
        pid = container.harness()
        assert pid is not None
        inside, outside = _users(pid)
        assert inside == 0 and outside > 65_535
        stored = [path.stat().st_uid for path in layout.store(NAME).rglob("*")]
        assert stored and set(stored) == {OWNER.uid}
        os.kill(pid, signal.SIGKILL)
        assert await asyncio.to_thread(container.wait) == 255, container.console


@pytest.mark.spec("OPS-6", door="nix")
async def test_a_containers_exit_code_is_its_harnesses(nats: TestNats, store: Path, tmp_path: Path) -> None:
    layout = _furnished(nats, tmp_path / "state")
    layout.settings(NAME).write_text('{"agent": "coder", "no_such_setting": 1}')
    with _container(layout, store, tmp_path) as container:
        assert await asyncio.to_thread(container.wait) == 2, container.console


@contextmanager
def _container(layout: Layout, store: Path, folder: Path) -> Generator[Container]:
    """The agent's container, started."""
    mounts = layout.mounts(NAME, Role.AGENT)
    spec = AgentSpec(NAME, (), places.STATE, mounts=mounts, uid=OWNER.uid, groups=(OWNER.group,))
    container = Container(folder, _unit(store), spec)
    try:
        container.start()
        yield container
    finally:
        container.close()


def _furnished(nats: TestNats, state: Path) -> Layout:
    """The agent's folders as lifecycle makes them, its credentials and settings."""
    layout = Layout(state)
    (state / "config" / "proposed" / NAME).mkdir(parents=True)
    layout.make_trees(OWNER.group)
    layout.make(NAME, OWNER)
    layout.creds(NAME).write_bytes(nats.creds(NAME).read_bytes())
    settings = {"agent": NAME, "nats_url": nats.url, "creds": f"{places.RUN}/agent.creds", "run_dir": places.OWN}
    layout.settings(NAME).write_text(json.dumps(settings))
    return layout


def _unit(store: Path) -> str:
    package = 'hyperhive.package = nixos.package "hyperhive";'
    system = f"nixos.system [ {ROOT}/nix/modules/agent/agent-base.nix {{ {package} }} ]"
    return evaluate(f'(nixos.units ({system}))."hyperhive-harness.service"', store)


async def _status(operator: Bus) -> AgentStatus | None:
    try:
        return await operator.call(agent_verbs.STATUS, Empty(), agent=NAME, timeout=2)
    except Refusal:
        return None


def _users(pid: int) -> tuple[int, int]:
    """Who a process is for itself, and who it is on this host."""
    outside = int(_fact(pid, "Uid").split()[0])
    first, base, _ = map(int, Path(f"/proc/{pid}/uid_map").read_text().split()[:3])
    return outside - base + first, outside


def _fact(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))
