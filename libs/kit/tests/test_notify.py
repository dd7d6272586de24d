"""Telling the supervisor."""

import asyncio
import os
import socket
from collections.abc import Generator
from pathlib import Path

import pytest
from hive_kit.notify import feed_watchdog, notify

BOUND = 30


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listener


@pytest.mark.parametrize("abstract", [False, True])
def test_the_supervisor_hears_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    name = f"\0{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
        notify("READY=1")
        assert listener.recv(100) == b"READY=1"


def test_nothing_happens_without_a_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")


@pytest.mark.spec("OPS-6", door="wire")
async def test_a_watched_process_says_again_and_again_that_its_loop_turns(
    supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    feeding = asyncio.create_task(feed_watchdog())
    async with asyncio.timeout(BOUND):
        heard = [await asyncio.get_running_loop().sock_recv(supervisor, 100) for _ in range(3)]
    feeding.cancel()
    assert heard == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize(("period", "process"), [(None, None), ("0", None), ("soon", None), ("20000", "1")], ids=str)
async def test_a_process_that_nobody_watches_says_nothing(
    supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch, period: str | None, process: str | None
) -> None:
    for name, value in (("WATCHDOG_USEC", period), ("WATCHDOG_PID", process)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    await asyncio.wait_for(feed_watchdog(), BOUND)
    with pytest.raises(BlockingIOError):
        supervisor.recv(100)
