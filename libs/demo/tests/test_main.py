import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest


@pytest.mark.parametrize("abstract", [True, False])
async def test_it_tells_its_port_and_its_supervisor_and_logs_requests(tmp_path: Path, abstract: bool) -> None:
    address = f"@hive-demo-{os.getpid()}" if abstract else str(tmp_path / "notify")
    log = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address.replace("@", "\0"))
        supervisor.settimeout(10)
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hive_demo", "--port", "0", "--log", str(log), "--pace", "0",
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "NOTIFY_SOCKET": address},
        )  # fmt: skip
        assert server.stdout
        port = json.loads(await asyncio.wait_for(server.stdout.readline(), 20))["port"]
        assert await asyncio.to_thread(supervisor.recv, 64) == b"READY=1"
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        assert (await client.post("/agents/ann/v1/messages", json=asked)).status_code == 200
    server.send_signal(signal.SIGTERM)
    await asyncio.wait_for(server.wait(), 10)
    assert json.loads(log.read_text())["agent"] == "ann"


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hive_demo", "--port", port, stderr=asyncio.subprocess.PIPE
        )
        _, complaint = await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 1
    assert port in complaint.decode()
