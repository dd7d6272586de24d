"""Real parts for these tests: a set-up swarm on free ports and its NATS server; one running swarm for all that only
talk to services; the command itself."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
import pytest_asyncio
from hive_cli.problems import Exit
from hive_cli.setup import Wishes, prepare
from hive_cli.supervisor.keeper import Keeper
from hive_cli.supervisor.plan import find_server, processes
from hive_cli.testing import Done, hive_command
from hive_kit.bus import Bus
from hive_kit.identity import SigningKey, mint
from hive_kit.swarm import SwarmConfig
from hive_wire import approvals, broker
from hive_wire.names import MANAGER
from hive_wire.permissions import SigningRole
from nats.aio.client import Client

from .stand_in import AGENTS, Lifecycle

SECONDS = 30.0
START_SECONDS = 90.0


@pytest.fixture
def swarm(tmp_path: Path) -> SwarmConfig:
    return prepare(tmp_path / "state", Wishes(any_ports=True))


class Server:
    """The swarm's nats-server, which a test may stop, kill and start again."""

    def __init__(self, swarm: SwarmConfig) -> None:
        self.swarm = swarm
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [find_server(), "-c", str(self.swarm.server_config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.swarm.ports.nats)) as link:
                if link.recv(4) == b"INFO":
                    return
            assert self._process.poll() is None, self.swarm.log("nats").read_text()
        raise AssertionError("nats-server did not start")

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            self._process = None


@pytest.fixture
def server(swarm: SwarmConfig) -> Iterator[Server]:
    running = Server(swarm)
    running.start()
    yield running
    running.end()


@pytest.fixture
async def connect(swarm: SwarmConfig, tmp_path: Path) -> AsyncGenerator[Callable[..., Awaitable[Client]]]:
    """Connects with a principal's credentials through a plain NATS client, as an attacker would."""
    clients: list[Client] = []

    async def open_as(principal: str, **options: Any) -> Client:
        path = swarm.creds(principal)
        if not path.exists():
            path = _creds(swarm, tmp_path, principal)
        client = await nats.connect(swarm.nats_url, user_credentials=str(path), max_reconnect_attempts=2, **options)
        clients.append(client)
        return client

    yield open_as
    for client in clients:
        await client.close()


@dataclass
class Running:
    """A running swarm that several tests share: each uses names of its own and looks for its own things.

    nats-server, broker and approvals are real; `lifecycle` stands in."""

    swarm: SwarmConfig
    lifecycle: Lifecycle
    core: Bus
    manager: Bus
    scout: Bus

    async def hive(self, *arguments: str, text: str = "") -> Done:
        return await asyncio.to_thread(hive_command().run, "--state", str(self.swarm.state), *arguments, text=text)

    async def answer(self, *arguments: str, text: str = "", code: int = Exit.OK) -> Any:
        done = await self.hive(*arguments, "--json", text=text)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    async def code_of(self, *arguments: str, exit_code: int = Exit.FAILED, text: str = "") -> str:
        done = await self.hive(*arguments, text=text)
        assert done.returncode == exit_code, done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1
        return done.stderr.split(":")[0]

    async def proposal(self, name: str, description: str = "") -> int:
        """An approval that waits: a new agent, as the manager asks for one."""
        asked = approvals.SpawnRequest(name=name, description=description, key=secrets.token_hex(8))
        return (await self.manager.call(approvals.REQUEST_SPAWN, asked)).id

    async def asked(self, question: str = "which?", **more: object) -> int:
        request = approvals.AskRequest.model_validate({"question": question, "key": secrets.token_hex(8), **more})
        return (await self.scout.call(approvals.ASK, request)).id


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running]:
    folder = tmp_path_factory.mktemp("running")
    swarm = prepare(folder / "state", Wishes(any_ports=True))
    keepers = [Keeper(p, folder, lambda: None) for p in processes(swarm) if p.name in ("nats", "broker", "approvals")]
    kept = [asyncio.create_task(keeper.keep()) for keeper in keepers]
    ready = asyncio.gather(*(keeper.ready.wait() for keeper in keepers))
    done, _ = await asyncio.wait([*kept, ready], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for task in done - {ready}:
        task.result()  # tells why it did not start
    assert ready in done, f"not ready: {[keeper.process.name for keeper in keepers if not keeper.ready.is_set()]}"
    core = await Bus.connect(swarm.nats_url, "lifecycle", swarm.creds("lifecycle"))
    lifecycle = Lifecycle()
    await lifecycle.answer(core)
    for name in AGENTS:
        await core.call(broker.OPEN_INBOX, broker.InboxName(name=name))
    manager, scout = [await Bus.connect(swarm.nats_url, name, _creds(swarm, folder, name)) for name in AGENTS]
    yield Running(swarm, lifecycle, core, manager, scout)
    for bus in (core, manager, scout):
        await bus.close()
    for keeper in reversed(keepers):
        await keeper.stop()
    await asyncio.gather(*kept)


def _creds(swarm: SwarmConfig, folder: Path, name: str) -> Path:
    """The credentials of an agent, which lifecycle would mint."""
    path = folder / f"{name}.creds"
    if not path.exists():
        key = SigningKey.load(swarm.signing_key(SigningRole.MANAGER if name == MANAGER else SigningRole.AGENT))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(mint(key, name, int(time.time())).text)
    return path
