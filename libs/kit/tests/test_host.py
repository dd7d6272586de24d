"""A service's process: ready when it is, stopped in order, ended when it can't go on."""

import asyncio
import json
import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import nats as nats_py
import pytest
from hive_kit.bus import Bus, CallError
from hive_kit.identity import jwt
from hive_kit.request_id import begin_request
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire.errors import ErrorCode
from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import Verb

PROGRAMS = Path(__file__).parent / "programs"
ROLES = frozenset({Role.OPERATOR})
ENVIRONMENT = {"PYTHONPATH": str(PROGRAMS)}


class Entry(Wire):
    """What the ledger writes."""

    body: str


WRITE = Verb("broker", "write", Entry, Empty, ROLES, "Write it down.")
FAIL = Verb("broker", "fail", Empty, Empty, ROLES, "Let a background task fail.")
HOLD = Verb("broker", "hold", Empty, Empty, ROLES, "Answer when the stop began.", seconds=30)


@pytest.fixture
def ledger(nats: TestNats) -> Generator[ServiceProcess]:
    process = ServiceProcess("ledger", nats.settings("broker"), nats.folder)
    yield process
    process.kill()


@pytest.fixture
async def operator(nats: TestNats) -> Bus:
    return await nats.bus("operator")


def lines(ledger: ServiceProcess, event: str) -> list[dict[str, Any]]:
    logged = [json.loads(line) for line in ledger.log.splitlines() if line.startswith("{")]
    return [line for line in logged if line["event"] == event]


async def until_logged(ledger: ServiceProcess, event: str) -> None:
    await eventually(lambda: asyncio.to_thread(lines, ledger, event))


async def test_a_stop_is_in_order_and_answers_what_is_in_hand(ledger: ServiceProcess, operator: Bus) -> None:
    await ledger.start(**ENVIRONMENT)
    held = asyncio.ensure_future(operator.call(HOLD, Empty()))
    await until_logged(ledger, "holds")
    await operator.call(WRITE, Entry(body="x"))
    assert await ledger.terminate() == 0
    assert await held == Empty()
    assert lines(ledger, "ready") and lines(ledger, "stopping")
    assert "Traceback" not in ledger.log


async def test_a_requests_id_is_in_the_services_log(ledger: ServiceProcess, operator: Bus) -> None:
    await ledger.start(**ENVIRONMENT)
    begin_request("one-request-of-a-test")
    await operator.call(WRITE, Entry(body="x"))
    (line,) = lines(ledger, "writes")
    assert line["request_id"] == "one-request-of-a-test"
    assert (line["service"], line["caller"], line["level"]) == ("broker", "operator", "info")
    assert line["timestamp"].endswith("Z")


async def test_a_background_task_that_fails_ends_the_process(ledger: ServiceProcess, operator: Bus) -> None:
    await ledger.start(**ENVIRONMENT)
    await operator.call(FAIL, Empty())
    assert await ledger.wait() == 1
    assert lines(ledger, "background_failed")


@pytest.mark.spec("OPS-6", door="wire")
async def test_a_watched_service_feeds_its_watchdog_while_it_runs(ledger: ServiceProcess, nats: TestNats) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(nats.folder / "notify"))
        supervisor.setblocking(False)
        ledger.spawn(NOTIFY_SOCKET=str(nats.folder / "notify"), WATCHDOG_USEC="100000", **ENVIRONMENT)
        heard: list[bytes] = []
        async with asyncio.timeout(60):
            while b"READY=1" not in heard or heard[-1] != b"WATCHDOG=1":
                heard.append(await asyncio.get_running_loop().sock_recv(supervisor, 100))


@pytest.mark.spec("OPS-4", door="wire")
async def test_revoked_credentials_end_the_process(ledger: ServiceProcess, nats: TestNats) -> None:
    await ledger.start(**ENVIRONMENT)
    key = jwt.parse_creds(nats.creds("broker").read_text()).public_key
    state = nats.account.revoke(key, nats.operator_seed.read_text(), int(time.time()))
    system = await nats_py.connect(nats.url, user_credentials=str(nats.creds("system")))
    reply = await system.request("$SYS.REQ.CLAIMS.UPDATE", state.token.encode(), timeout=5)
    assert json.loads(reply.data)["data"]["code"] == 200
    await system.close()
    assert await ledger.wait() == 1
    ledger.spawn(**ENVIRONMENT)
    assert await ledger.wait() == 1
    assert [line["code"] for line in lines(ledger, "start_failed")] == ["forbidden"]


async def test_a_service_starts_before_its_server_and_survives_it(
    ledger: ServiceProcess, nats: TestNats, operator: Bus
) -> None:
    nats.kill()
    starting = asyncio.ensure_future(ledger.start(**ENVIRONMENT))
    await nats.start()
    await starting
    await nats.restart()
    assert await asyncio.wait_for(operator.call_persistently(WRITE, Entry(body="x")), 30) == Empty()
    nats.kill()
    assert await ledger.terminate() == 0
    assert "Traceback" not in ledger.log


async def test_a_stop_while_it_waits_for_its_server_is_in_order(ledger: ServiceProcess, nats: TestNats) -> None:
    nats.kill()
    ledger.spawn(**ENVIRONMENT)
    await eventually(lambda: asyncio.to_thread(_handles_sigterm, ledger.pid))
    assert await ledger.terminate() == 0


def _handles_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> 14 & 1)


@pytest.mark.spec("OPS-12", door="wire")
async def test_a_broken_database_ends_the_start_with_a_code(ledger: ServiceProcess, nats: TestNats) -> None:
    (nats.folder / "broker.db").write_bytes(b"this is no database" * 1000)
    ledger.spawn(**ENVIRONMENT)
    assert await ledger.wait() == 1
    assert [line["code"] for line in lines(ledger, "start_failed")] == ["storage_failed"]
    assert "Traceback" not in ledger.log


async def test_a_stopped_service_is_unavailable(ledger: ServiceProcess, operator: Bus) -> None:
    await ledger.start(**ENVIRONMENT)
    assert await ledger.terminate() == 0
    with pytest.raises(CallError) as refused:
        await operator.call(WRITE, Entry(body="x"))
    assert refused.value.code is ErrorCode.UNAVAILABLE
