"""Real parts for these tests: a set-up swarm on free ports, and its NATS server."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from hive_cli.setup import Wishes, prepare
from hive_cli.supervisor.plan import find_server
from hive_kit.identity import SigningKey, mint
from hive_kit.swarm import SwarmConfig
from hive_wire.permissions import SigningRole
from nats.aio.client import Client

SECONDS = 10.0


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
            role = SigningRole.MANAGER if principal == "manager" else SigningRole.AGENT
            path = tmp_path / f"{principal}.creds"
            if not path.exists():
                key = SigningKey.load(swarm.signing_key(role))
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
                with os.fdopen(descriptor, "w") as stream:
                    stream.write(mint(key, principal, int(time.time())).text)
        client = await nats.connect(swarm.nats_url, user_credentials=str(path), max_reconnect_attempts=2, **options)
        clients.append(client)
        return client

    yield open_as
    for client in clients:
        await client.close()
