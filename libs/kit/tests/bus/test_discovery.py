"""A service is found, described and counted by any client that speaks the micro protocol."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import nats as nats_py
import pytest
import pytest_asyncio
from hive_kit.bus import Bus, Caller, CallError
from hive_kit.testing import TestNats
from nats.aio.client import Client

from .conftest import ECHO, Answer, Said


@pytest_asyncio.fixture
async def plain(nats: TestNats) -> AsyncGenerator[Client]:
    """What the standard CLI is: a plain client with the operator's credentials."""
    client = await nats_py.connect(
        nats.url, user_credentials=str(nats.creds("operator")), inbox_prefix="_INBOX.operator"
    )
    yield client
    await client.close()


async def ask(client: Client, subject: str) -> dict[str, Any]:
    return json.loads((await client.request(subject, b"", timeout=5)).data)


async def echo(_caller: Caller, said: Said) -> Said:
    return said


@pytest.mark.spec("OPS-3", door="wire")
async def test_a_plain_client_finds_a_service(answer: Answer, plain: Client) -> None:
    await answer(echo)
    found = await ask(plain, "$SRV.PING")
    assert (found["type"], found["name"], found["version"]) == ("io.nats.micro.v1.ping_response", "broker", "1.0.0")
    assert (await ask(plain, "$SRV.PING.broker"))["id"] == found["id"]
    assert (await ask(plain, f"$SRV.PING.broker.{found['id']}"))["id"] == found["id"]


@pytest.mark.spec("OPS-3", door="wire")
async def test_a_plain_client_reads_what_a_service_takes(answer: Answer, plain: Client) -> None:
    await answer(echo)
    info = await ask(plain, "$SRV.INFO.broker")
    assert info["type"] == "io.nats.micro.v1.info_response"
    (endpoint,) = info["endpoints"]
    assert endpoint["subject"] == "hive.from.*.broker.echo"
    assert endpoint["metadata"]["doc"] == ECHO.doc
    assert endpoint["metadata"]["roles"] == "agent,operator"
    assert "number" in json.loads(endpoint["metadata"]["schema"])["properties"]
    assert all(isinstance(value, str) for value in endpoint["metadata"].values())


@pytest.mark.spec("OPS-3", door="wire")
async def test_a_plain_client_calls_a_service_in_plain_json(answer: Answer, plain: Client) -> None:
    await answer(echo)
    reply = await plain.request("hive.from.operator.broker.echo", b'{"text": "hi"}', timeout=5)
    assert json.loads(reply.data) == {"text": "hi", "number": 0}
    refused = await plain.request("hive.from.operator.broker.echo", b"{", timeout=5)
    assert refused.headers is not None
    assert refused.headers["Nats-Service-Error-Code"] == "bad_request"
    assert refused.headers["Nats-Service-Error"]
    assert json.loads(refused.data)["code"] == "bad_request"


@pytest.mark.spec("OPS-3", door="wire")
async def test_statistics_count_requests_and_errors(answer: Answer, operator: Bus, plain: Client) -> None:
    await answer(echo)
    for _ in range(3):
        await operator.call(ECHO, Said())
    with pytest.raises(CallError):
        await operator.request("hive.from.operator.broker.echo", b"{", 5)
    stats = await ask(plain, "$SRV.STATS.broker")
    (endpoint,) = stats["endpoints"]
    assert (endpoint["num_requests"], endpoint["num_errors"]) == (4, 1)
    assert endpoint["last_error"].startswith("bad_request")
    assert endpoint["processing_time"] >= endpoint["average_processing_time"] > 0
    assert stats["started"].endswith("Z")


async def test_every_instance_answers_discovery(answer: Answer, plain: Client) -> None:
    first, second = await answer(echo), await answer(echo)
    heard: set[str] = set()
    inbox = plain.new_inbox()
    subscription = await plain.subscribe(inbox)
    await plain.publish("$SRV.PING", b"", reply=inbox)
    while len(heard) < 2:
        heard.add(json.loads((await subscription.next_msg(timeout=5)).data)["id"])
    await first.stop()
    await second.stop()
    with pytest.raises(nats_py.errors.NoRespondersError):
        await plain.request("$SRV.PING", b"", timeout=5)
