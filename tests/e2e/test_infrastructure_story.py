"""What an operator does with containers in a terminal: rebuild, inputs, builds, logs, destroy, revive, purge."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.swarm import RealSwarm, kill, until

pytestmark = pytest.mark.xdist_group("doors")
FERN = "fern"
SECONDS = 120.0


@pytest.fixture(scope="module")
def grove(swarm: RealSwarm) -> Iterator[RealSwarm]:
    """The swarm with an agent of these tests' own."""
    swarm.ask("spawn", FERN, "--wait")
    yield swarm
    if view(swarm) is not None:
        swarm.ask("destroy", FERN, "--purge", "--yes", "--wait")


def view(swarm: RealSwarm, name: str = FERN) -> dict[str, Any] | None:
    return next((agent for agent in swarm.ask("list")["agents"] if agent["name"] == name), None)


def refusal(swarm: RealSwarm, *arguments: str) -> dict[str, Any]:
    done = swarm.hive(*arguments, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    return json.loads(done.stdout)["error"]


def starts(lines: list[str]) -> list[int]:
    """The epochs of a harness's starts, as its log tells of them."""
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [event["epoch"] for event in events if event["event"] == "loop_started"]


@contextmanager
def lines_of(swarm: RealSwarm, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A command whose lines are read while it runs; they end at the bound."""
    command = [sys.executable, "-m", "hive_cli", *arguments, "--state", str(swarm.state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        bound = threading.Timer(SECONDS, following.kill)
        bound.start()
        try:
            yield following
        finally:
            bound.cancel()
            following.kill()


@pytest.mark.spec("LIF-1", door="cli")
@pytest.mark.spec("LIF-3", door="cli")
@pytest.mark.spec("LIF-6", door="cli")
def test_a_rebuild_is_enough_for_an_agent_whose_files_are_lost_and_shows_what_it_does(grove: RealSwarm) -> None:
    grove.ask("kill", FERN, "--wait")
    shutil.rmtree(grove.state / "agents" / FERN / "run")
    (grove.state / "runtime" / FERN / "spec.json").write_text("{")
    done = grove.hive("rebuild", FERN, "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    *printed, last = done.stdout.splitlines()
    assert printed
    assert last == f"{FERN}: rebuild done"
    newest = grove.ask("builds", FERN)["actions"][0]
    assert (newest["kind"], newest["requested_by"], newest["error"]) == ("rebuild", "operator", None)
    assert [line["text"] for line in grove.ask("builds", "show", str(newest["id"]))["lines"]] == printed
    grove.ask("start", FERN, "--wait")
    sent = grove.ask("send", FERN, "are you well?")["id"]
    until(lambda: grove.ask("message", str(sent))["state"], lambda state: state == "acked")


@pytest.mark.spec("LIF-9", door="cli")
def test_a_rebuild_goes_on_before_the_operators_eyes_when_its_service_is_killed(grove: RealSwarm) -> None:
    grove.ask("start", FERN, "--wait")
    with lines_of(grove, "rebuild", FERN, "--wait") as following:
        assert following.stdout is not None
        printed = [following.stdout.readline()]
        assert kill(grove.services()["lifecycle"])
        printed += following.stdout.readlines()
        assert following.wait(SECONDS) == 0
    assert printed[-1] == f"{FERN}: rebuild done\n"
    assert [line for line in printed if "was stopped here" in line]
    agent = view(grove)
    assert agent is not None
    assert (agent["container"], agent["transient"]) == ("running", None)


@pytest.mark.spec("MET-4", door="cli")
@pytest.mark.spec("MET-5", door="cli")
def test_inputs_show_what_is_deployed_and_are_updated_one_agent_after_another(grove: RealSwarm) -> None:
    inputs = grove.ask("inputs")["inputs"]
    names = [entry["name"] for entry in inputs]
    assert names[0] == "hyperhive"
    assert f"agent-{FERN}" in names
    locked = {entry["agent"]: entry["revision"] for entry in inputs if entry["agent"]}
    assert {agent["name"]: agent["revision"] for agent in grove.ask("list")["agents"]} == locked
    assert all(len(revision) == 12 for revision in locked.values())

    before = {name: grove.ask("builds", name)["actions"][0]["id"] for name in (FERN, "scout")}
    done = grove.hive("inputs", "update", f"agent-{FERN}", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{FERN}: done" in done.stdout
    assert grove.ask("builds", FERN)["actions"][0]["id"] > before[FERN]
    assert grove.ask("builds", "scout")["actions"][0]["id"] == before["scout"]
    unknown = refusal(grove, "inputs", "update", "agent-nobody")
    assert (unknown["code"], unknown["details"]["known"][0]) == ("unknown_input", "hyperhive")

    rollout = grove.ask("update-all", "--wait")
    assert rollout["ended_at"]
    assert [agent["name"] for agent in rollout["agents"] if agent["state"] == "failed"] == []


@pytest.mark.spec("MET-5", door="cli")
def test_a_broken_lock_shows_no_revision_and_breaks_nothing(grove: RealSwarm) -> None:
    lock = grove.state / "meta" / "flake.lock"
    kept = lock.read_bytes()
    lock.write_text("{")
    try:
        assert grove.ask("inputs")["error"]
        assert refusal(grove, "inputs", "update", f"agent-{FERN}")["code"] == "broken_lock"
        until(lambda: view(grove), lambda agent: agent is not None and agent["revision"] is None)
        assert grove.hive("list").returncode == 0
    finally:
        lock.write_bytes(kept)
    until(lambda: view(grove), lambda agent: agent is not None and agent["revision"] is not None)


@pytest.mark.spec("WAT-4", door="cli")
@pytest.mark.spec("RUN-2", door="cli")
def test_a_log_is_followed_over_a_crash_and_stays_readable_afterwards(grove: RealSwarm) -> None:
    grove.ask("start", FERN, "--wait")
    before = until(lambda: starts(grove.ask("logs", FERN)["lines"]))
    with lines_of(grove, "logs", FERN, "--follow") as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        pid = grove.harness(FERN)
        assert pid is not None
        assert kill(pid)
        seen: list[str] = []
        while max(starts(seen), default=0) <= max(before):
            line = following.stdout.readline()
            assert line
            seen.append(line)
    until(lambda: grove.hive("kill", FERN, "--wait").returncode, lambda code: code == 0)
    assert len(grove.ask("logs", FERN, "--unit", "machine", "-n", "5000")["lines"]) > 5
    assert refusal(grove, "logs", "nobody")["code"] == "unknown_agent"
    capabilities = grove.ask("status")["capabilities"]
    notes = grove.hive("status").stdout
    assert capabilities["runtime"] == "local"
    assert all(" ".join(note.split())[:80] in notes for note in capabilities["notes"])


@pytest.mark.spec("LIF-4", door="cli")
def test_what_is_kept_of_a_destroyed_agent_is_revived_with_it_and_purged(grove: RealSwarm) -> None:
    grove.ask("start", FERN, "--wait")
    assert refusal(grove, "purge", FERN, "--yes")["code"] == "agent_exists"
    notes = grove.state / "shared" / "agents" / FERN / "state" / "notes.md"
    notes.write_text("mine")
    grove.ask("destroy", FERN, "--yes", "--wait")
    kept = {tombstone["name"]: tombstone for tombstone in grove.ask("tombstones")["tombstones"]}
    assert kept[FERN]["size_bytes"] > 0
    assert refusal(grove, "spawn", FERN)["code"] == "name_taken"

    approval = grove.ask("revive", FERN, "--description", "it knew the garden")
    assert (approval["status"], approval["revives"]) == ("pending", True)
    number = str(approval["id"])
    shown = grove.ask("diff", number)
    grove.ask("approve", number, "--hash", shown["hash"])
    until(lambda: view(grove), lambda agent: agent is not None and agent["container"] == "running")
    assert notes.read_text() == "mine"
    assert FERN not in [tombstone["name"] for tombstone in grove.ask("tombstones")["tombstones"]]

    until(lambda: grove.hive("destroy", FERN, "--yes", "--wait").returncode, lambda code: code == 0)
    assert grove.hive("purge", FERN).returncode == 2
    grove.ask("purge", FERN, "--yes")
    assert refusal(grove, "purge", FERN, "--yes")["code"] == "unknown_tombstone"
    until(notes.exists, lambda there: not there)
    assert [a["agent"] for a in grove.ask("history")["approvals"] if a["id"] == approval["id"]] == [FERN]
