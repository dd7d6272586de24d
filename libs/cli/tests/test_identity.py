"""What a real nats-server lets the holder of an agent's credentials do, and what revoking them does."""

import asyncio
import gc
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hive_cli.setup import Wishes, prepare
from hive_kit.identity import AccountFile, parse_creds
from hive_kit.swarm import SwarmConfig
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

SECONDS = 5.0
Connect = Callable[..., Awaitable[Client]]


class Denials:
    """What the server told the client that it may not do."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    async def hear(self, error: Exception) -> None:
        self._queue.put_nowait(str(error).lower())

    async def next(self) -> str:
        return await asyncio.wait_for(self._queue.get(), SECONDS)

    def heard(self) -> bool:
        return not self._queue.empty()


FORBIDDEN_PUBLISHES = [
    "hive.from.bob.broker.send",
    "hive.from.manager.broker.send",
    "hive.from.operator.broker.send",
    "hive.from.operator.lifecycle.spawn",
    "hive.from.lifecycle.broker.open_inbox",
    "hive.from.scout.lifecycle.destroy",
    "hive.from.scout.lifecycle.set_secret",
    "hive.from.scout.revoker.revoke",
    "hive.from.scout.broker.history",
    "hive.from.scout.agent.bob.cancel",
    "hive.evt.broker.message.stored",
    "hive.live.bob.text",
    "_INBOX.operator.x",
    "_INBOX.bob.agent.bob.x.y",
    "_INBOX.operator.agent.bob.x.y",
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.MINE",
    "$JS.API.STREAM.MSG.GET.HIVE",
    "$JS.API.CONSUMER.CREATE.HIVE",
    "$JS.API.DIRECT.GET.HIVE",
    "$JS.ACK.HIVE.c.1.1.1.1.0",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SRV.PING",
    "anything.else",
]

FORBIDDEN_SUBSCRIPTIONS = [
    ">",
    "*",
    "hive.>",
    "hive.*.>",
    "hive.from.>",
    "hive.from.*.broker.*",
    "hive.from.*.agent.bob.*",
    "hive.from.*.agent.*.*",
    "hive.from.scout.>",
    "hive.evt.>",
    "hive.live.>",
    "hive.live.bob.*",
    "_INBOX.>",
    "_INBOX.*.>",
    "_INBOX.bob.>",
    "_INBOX.operator.>",
    "_INBOX.bob.*.*",
    "$JS.>",
    "$JS.EVENT.>",
    "$SYS.>",
    "$SRV.>",
]


@pytest.mark.spec("OPS-4", door="wire")
async def test_an_agent_can_publish_as_nobody_else(server: Any, connect: Connect) -> None:
    denials = Denials()
    scout = await connect("scout", error_cb=denials.hear)
    for subject in FORBIDDEN_PUBLISHES:
        await scout.publish(subject, b"{}", reply="_INBOX.scout.x")
        assert f'publish to "{subject.lower()}"' in await denials.next()


@pytest.mark.spec("OPS-4", door="wire")
async def test_an_agent_can_hear_nobody_else(server: Any, connect: Connect) -> None:
    denials = Denials()
    scout = await connect("scout", error_cb=denials.hear)
    for subject in FORBIDDEN_SUBSCRIPTIONS:
        await scout.subscribe(subject)
        assert f'subscription to "{subject.lower()}"' in await denials.next()


async def test_an_agent_may_do_what_its_role_needs(server: Any, connect: Connect) -> None:
    denials = Denials()
    scout = await connect("scout", error_cb=denials.hear)
    await scout.subscribe("_INBOX.scout.conn.*")
    await scout.subscribe("hive.from.*.agent.scout.*")
    for subject in (
        "hive.from.scout.broker.send",
        "hive.from.scout.broker.recv",
        "hive.live.scout.text",
        "_INBOX.operator.agent.scout.conn.token",
    ):
        await scout.publish(subject, b"{}", reply="_INBOX.scout.conn.token")
    await asyncio.sleep(0)
    await scout.flush()
    await scout.flush()
    assert not denials.heard()


async def test_a_request_of_the_operator_reaches_a_service_and_its_answer_comes_back(
    server: Any, connect: Connect
) -> None:
    broker = await connect("broker")
    operator = await connect("operator", inbox_prefix=b"_INBOX.operator")

    async def answer(message: Msg) -> None:
        await broker.publish(message.reply, b"here")

    await broker.subscribe("hive.from.*.broker.*", cb=answer)
    await asyncio.sleep(0)
    await broker.flush()
    reply = await operator.request("hive.from.operator.broker.recent", b"{}", timeout=SECONDS)
    assert reply.data == b"here"


async def test_a_service_may_not_speak_as_another_service(server: Any, connect: Connect) -> None:
    denials = Denials()
    broker = await connect("broker", error_cb=denials.hear)
    for subject in ("hive.from.lifecycle.broker.open_inbox", "hive.evt.lifecycle.agent.changed", "hive.live.bob.text"):
        await broker.publish(subject, b"{}")
        assert f'publish to "{subject}"' in await denials.next()
    await broker.subscribe("hive.from.*.lifecycle.*")
    assert "subscription" in await denials.next()


# nats-py leaves the socket of a refused connection to the garbage collector, which runs at the test's end.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.spec("OPS-4", door="wire")
async def test_revoking_closes_the_connection_and_outlives_restarts_and_set_up(
    swarm: SwarmConfig, server: Any, connect: Connect, tmp_path: Path
) -> None:
    closed = asyncio.Event()

    async def note() -> None:
        closed.set()

    async def ignore(_error: Exception) -> None:
        return

    bob = await connect("bob", closed_cb=note, allow_reconnect=False, error_cb=ignore)
    scout = await connect("scout")
    assert bob.is_connected
    key = parse_creds((tmp_path / "bob.creds").read_text()).public_key
    state = AccountFile(swarm.account_state).revoke(
        key, swarm.operator_signing_seed.read_text().strip(), int(time.time())
    )
    system = await connect("system")
    await system.request("$SYS.REQ.CLAIMS.UPDATE", state.token.encode(), timeout=SECONDS)
    await asyncio.wait_for(closed.wait(), SECONDS)
    assert scout.is_connected

    for number in (signal.SIGTERM, signal.SIGKILL):
        server.end(number)
        server.start()
        with pytest.raises(NatsError):
            await connect("bob", allow_reconnect=False, error_cb=ignore)
    server.end()
    again = prepare(swarm.state, Wishes())
    for stored in again.account_jwts.glob("*.jwt"):
        stored.unlink()
    server.start()
    with pytest.raises(NatsError):
        await connect("bob", allow_reconnect=False, error_cb=ignore)
    assert (await connect("scout")).is_connected
    gc.collect()
