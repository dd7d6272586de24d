"""A full disk under the broker: a clear code in the terminal and on the page, and it goes on when there is room."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hive_kit.swarm import SwarmConfig

from tests.e2e.test_cli_story import until
from tests.swarm import RealSwarm

pytestmark = pytest.mark.xdist_group("doors")

DISK = "3m"


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[tuple[RealSwarm, Path]]:
    """A swarm whose broker has a small disk of its own, and the file that fills it up."""
    swarm = RealSwarm(tmp_path / "state", demo=True)
    assert swarm.hive("setup", "--any-ports").returncode == 0
    disk = SwarmConfig.load(swarm.state).service("broker")
    kept = {file.name: file.read_bytes() for file in disk.iterdir()}
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    for name, content in kept.items():
        (disk / name).write_bytes(content)
    try:
        swarm.up()
        yield swarm, disk / "filler"
    finally:
        swarm.down()
        subprocess.run(["umount", str(disk)], check=True)


def fill(filler: Path) -> None:
    """Leave no room at all."""
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return


def send_until_refused(swarm: RealSwarm, body: str) -> tuple[list[int], str]:
    """The ids of what still fitted into space that the database holds already, and the code of the refusal."""
    accepted: list[int] = []
    while True:
        done = swarm.hive("send", "operator", "-", "--json", text=body)
        answer = json.loads(done.stdout)
        if done.returncode:
            return accepted, answer["error"]["code"]
        accepted.append(answer["id"])
        assert len(accepted) < 40


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.spec("OPS-12", door="http")
@pytest.mark.spec("MSG-12", door="http")
def test_a_full_disk_is_said_in_every_door_and_nothing_is_half_done(cramped: tuple[RealSwarm, Path]) -> None:
    swarm, filler = cramped
    origin = swarm.config.dashboard_url
    with httpx2.Client(base_url=origin, headers={"origin": origin}) as page:
        code = swarm.ask("open")["address"].partition("#code=")[2]
        assert page.post("/api/login", json={"code": code}).status_code == 204
        too_large = page.post("/api/messages", json={"to": "operator", "body": "z" * 300_000, "key": "z"})
        assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "body_too_large")
        fill(filler)
        large = "y" * 250_000
        accepted, refusal = send_until_refused(swarm, large)
        assert refusal == "disk_full"
        refused = page.post("/api/messages", json={"to": "operator", "body": large, "key": "k"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (507, "disk_full")
        ours = [m["id"] for m in swarm.ask("inbox", "operator")["messages"] if m["sender"] == "operator"]
        assert ours == accepted
        filler.unlink()
        sent = until(lambda: swarm.hive("send", "operator", "there is room", "--json"), lambda d: d.returncode == 0)
        everything = [*accepted, json.loads(sent.stdout)["id"]]

        def from_operator() -> list[int]:
            return [m["id"] for m in page.get("/api/messages").json()["messages"] if m["sender"] == "operator"]

        assert until(from_operator, bool) == everything
