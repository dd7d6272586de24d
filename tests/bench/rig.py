"""What the message rows are measured on: a nats-server, the broker, a plain responder, and their clients."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hive_kit.bus import Bus
from hive_kit.stream import stream_head
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_wire import broker as wire
from nats.aio.client import Client

PLAIN_SUBJECT = "hive.from.operator.dashboard.echo"
BODY = "The build of branch main is green again; the flaky test was the clock. " * 3


@dataclass
class Rig:
    """Everything started and connected."""

    folder: Path
    nats: TestNats
    broker: ServiceProcess
    operator: Bus
    plain: Client
    """A bare nats-py connection of the operator, for the limit."""
    keys: int = 0

    def request(self, to: str = "scout") -> wire.SendRequest:
        """A new message."""
        self.keys += 1
        return wire.SendRequest(to=to, body=BODY, key=f"bench-{self.keys:08d}")

    async def plain_request(self, payload: bytes) -> None:
        """A plain NATS request, answered by the plain responder."""
        await self.plain.request(PLAIN_SUBJECT, payload, timeout=10)

    async def events(self) -> int:
        """How many events the stream has got so far."""
        return (await stream_head(self.operator)).seq

    async def relayed(self, events: int) -> None:
        """Wait until the stream has `events` events in all. Raises AssertionError when it hasn't in time."""
        await eventually(self.events, lambda seen: seen >= events, seconds=60)


@asynccontextmanager
async def rig(folder: Path) -> AsyncGenerator[Rig]:
    """Start everything in `folder`; the inbox `scout` is open."""
    async with swarm_nats(folder / "nats") as nats:
        broker = ServiceProcess("hive_broker", nats.settings("broker"), nats.folder, preloaded=False)
        responder = start_plain(nats, "dashboard", "hive.from.*.dashboard.echo")
        plain = Client()
        try:
            await broker.start()
            lifecycle = await nats.bus("lifecycle")
            await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name="scout"))
            creds = str(nats.creds("operator"))
            await plain.connect(nats.url, user_credentials=creds, inbox_prefix="_INBOX.operator")
            yield Rig(folder, nats, broker, await nats.bus("operator"), plain)
        finally:
            await plain.close()
            responder.kill()
            responder.wait()
            broker.kill()


def start_plain(nats: TestNats, principal: str, subject: str) -> "subprocess.Popen[bytes]":
    """A process that is connected as `principal` and answers on `subject`, if any."""
    command = [
        sys.executable, "-m", "tests.bench.plain_responder",
        nats.url, str(nats.creds(principal)), principal, subject,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", "the plain responder did not start"
    return process
