"""The dashboard as a process: readiness, its port, its end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hive_cli.setup import Wishes, prepare
from hive_dashboard.settings import DashboardSettings
from hive_kit.settings import SettingsError
from hive_kit.testing import TestNats, eventually
from hive_wire import dashboard
from hive_wire.model import Empty

SECONDS = 60.0


class Process:
    """`python -m hive_dashboard`, and the socket on which it says that it is ready."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self.file = folder / "settings.json"
        self.file.write_text(json.dumps(settings))
        self.log = folder / "log"
        notify = folder / "notify"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(notify))
        self.notify.settimeout(SECONDS)
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "hive_dashboard", "--settings", str(self.file)],
                env={**os.environ, "NOTIFY_SOCKET": str(notify)},
                stdout=log,
                stderr=log,
            )

    async def ready(self) -> None:
        assert await asyncio.to_thread(self.notify.recv, 100) == b"READY=1"

    async def ended(self) -> int:
        return await asyncio.to_thread(self.child.wait, SECONDS)

    def close(self) -> None:
        self.notify.close()
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


@pytest.fixture
def settings(nats: TestNats, tmp_path: Path) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {**nats.settings("dashboard"), "database": str(tmp_path / "dashboard.db")}
    return {**common, "port": port, "operator_creds": str(nats.creds("operator")), "unsafe": False}


@pytest.fixture
async def start(tmp_path: Path) -> AsyncGenerator[Any]:
    started: list[Process] = []

    def start(settings: dict[str, Any]) -> Process:
        folder = tmp_path / f"process{len(started)}"
        folder.mkdir()
        started.append(Process(settings, folder))
        return started[-1]

    yield start
    for process in started:
        process.close()


@asynccontextmanager
async def logged_in(nats: TestNats, url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    operator = await nats.bus("operator")
    code = (await operator.call(dashboard.MAKE_LOGIN_CODE, Empty())).address.partition("#code=")[2]
    async with httpx2.AsyncClient(base_url=url, headers={"origin": url}, timeout=SECONDS) as client:
        assert (await client.post("/api/login", json={"code": code})).status_code == 204
        yield client


async def test_it_ends_at_once_though_a_page_is_open(nats: TestNats, settings: dict[str, Any], start: Any) -> None:
    process = start(settings)
    await process.ready()
    url = f"http://127.0.0.1:{settings['port']}"
    async with logged_in(nats, url) as client:
        assert (await client.get("/readyz")).status_code == 200
        position = (await client.get("/api/snapshot")).json()["position"]
        async with client.stream("GET", "/api/events", params={"after": position}) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            process.child.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SECONDS):
                assert [line async for line in lines if line.startswith("event: ") and "ping" not in line] == []
    assert await process.ended() == 0
    text = process.log.read_text()
    assert "Cancel" not in text, "the stream ended by itself, within the grace"
    assert "Traceback" not in text


async def test_a_port_in_use_is_said_clearly(settings: dict[str, Any], start: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings["port"]))
        taken.listen()
        process = start(settings)
        assert await process.ended() == 1
    text = process.log.read_text()
    assert f"port {settings['port']} on 127.0.0.1 is in use" in text
    assert "Traceback" not in text


@pytest.mark.spec("OPS-10", door="http")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org"])
async def test_any_address_but_loopback_is_refused(settings: dict[str, Any], start: Any, host: str) -> None:
    with pytest.raises(SettingsError):
        DashboardSettings.load(_written(settings | {"host": host}))
    if host == "0.0.0.0":
        process = start(settings | {"host": host})
        assert await process.ended() == 2
        assert "loopback" in process.log.read_text()


def _written(settings: dict[str, Any]) -> Path:
    file = Path(settings["database"]).with_name("bad.json")
    file.write_text(json.dumps(settings))
    return file


async def test_it_waits_for_nats_and_survives_its_absence(nats: TestNats, settings: dict[str, Any], start: Any) -> None:
    nats.kill()
    process = start(settings)
    await nats.start()
    await process.ready()
    url = f"http://127.0.0.1:{settings['port']}"
    async with logged_in(nats, url) as client:
        nats.kill()

        async def readiness() -> int:
            return (await client.get("/readyz")).status_code

        await eventually(readiness, lambda status: status == 503)
        assert (await client.get("/livez")).status_code == 200
        answer = await client.post("/api/messages", json={"to": "manager", "body": "x", "key": "k"})
        assert answer.json()["error"]["code"] == "unavailable"
        await nats.start()
        await eventually(readiness, lambda status: status == 200)


def test_the_settings_that_set_up_renders_are_taken(tmp_path: Path) -> None:
    swarm = prepare(tmp_path / "state", Wishes(any_ports=True))
    settings = DashboardSettings.load(swarm.settings("dashboard"))
    assert settings.origin == swarm.dashboard_url
