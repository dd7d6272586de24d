"""What an operator does in a terminal, against a whole swarm with real Claude Code and the scripted model."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.swarm import RealSwarm, until

pytestmark = pytest.mark.xdist_group("doors")


def message(swarm: RealSwarm, number: int) -> dict[str, Any]:
    return swarm.ask("message", str(number))


def fail_turns(swarm: RealSwarm, agent: str, times: int) -> None:
    """Have the model refuse the agent's next turns for good."""
    refused = {"status": 400, "type": "invalid_request_error", "message": "the model can't read this"}
    scripts = [{"steps": [{"error": refused}]}] * times
    url = f"http://127.0.0.1:{swarm.config.ports.demo}/control/agents/{agent}/script"
    body = json.dumps({"scripts": scripts}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.spec("MSG-1", door="cli")
@pytest.mark.spec("MSG-15", door="cli")
@pytest.mark.spec("OPS-11", door="cli")
def test_a_message_is_sent_answered_and_its_receipt_tells_the_truth(swarm: RealSwarm) -> None:
    sent = swarm.ask("send", "manager", "hello from the terminal")
    assert sent["state"] == "pending"
    done = until(lambda: message(swarm, sent["id"]), lambda seen: seen["state"] == "acked")
    assert done["stored_at"] <= done["delivered_at"] <= done["acked_at"]
    answers = [m for m in swarm.ask("inbox", "operator")["messages"] if m["in_reply_to"] == sent["id"]]
    assert [m["sender"] for m in answers] == ["manager"]
    assert message(swarm, answers[0]["id"])["state"] == "pending"


@pytest.mark.spec("MSG-12", door="cli")
def test_a_body_that_is_too_large_is_refused_with_its_limit(swarm: RealSwarm) -> None:
    done = swarm.hive("send", "scout", "-", "--json", text="x" * 300_000)
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["details"]["limit"]) == ("body_too_large", 256 * 1024)


@pytest.mark.spec("LIF-1", door="cli")
@pytest.mark.spec("LIF-2", door="cli")
def test_an_agent_is_spawned_stopped_started_restarted_killed_and_destroyed(swarm: RealSwarm) -> None:
    def state() -> str:
        return next(a["container"] for a in swarm.ask("list")["agents"] if a["name"] == "kelp")

    spawned = swarm.ask("spawn", "kelp")
    assert spawned["agent"]["transient"] == "spawning"
    second = swarm.hive("stop", "kelp", "--json")
    if second.returncode:
        error = json.loads(second.stdout)["error"]
        assert (error["code"], error["details"]["action"]) == ("action_in_flight", "spawning")
    until(lambda: swarm.hive("stop", "kelp", "--wait").returncode, lambda code: code == 0)
    assert state() == "stopped"
    swarm.ask("start", "kelp", "--wait")
    assert state() == "running"
    before = swarm.harness("kelp")
    swarm.ask("restart", "kelp", "--wait")
    assert swarm.harness("kelp") not in (None, before)
    swarm.ask("kill", "kelp", "--wait")
    assert state() == "stopped"
    assert swarm.shim("kelp") is None or swarm.harness("kelp") is None
    swarm.ask("destroy", "kelp", "--purge", "--yes", "--wait")
    assert [a for a in swarm.ask("list")["agents"] if a["name"] == "kelp"] == []
    gone = swarm.hive("send", "kelp", "are you there?", "--json")
    assert json.loads(gone.stdout)["error"]["code"] == "unknown_recipient"


@pytest.mark.spec("MSG-16", door="cli")
def test_a_message_that_keeps_failing_is_listed_as_dead_retried_and_dismissed(swarm: RealSwarm) -> None:
    fail_turns(swarm, "scribe", 5)
    poison = swarm.ask("send", "scribe", "a message nobody can handle")["id"]
    dead = until(lambda: message(swarm, poison), lambda seen: seen["state"] == "dead")
    assert dead["failures"] == 5
    assert dead["dead_reason"]
    listed = swarm.ask("dead", "list")["messages"]
    assert [m["id"] for m in listed] == [poison]
    notices = [m for m in swarm.ask("inbox", "operator")["messages"] if m["in_reply_to"] == poison]
    assert [m["sender"] for m in notices] == ["system"]
    swarm.ask("dead", "retry", str(poison))
    until(lambda: message(swarm, poison), lambda seen: seen["state"] == "acked")
    again = swarm.hive("dead", "dismiss", str(poison), "--json")
    assert json.loads(again.stdout)["error"]["code"] == "not_dead"


@pytest.mark.spec("RUN-1", door="cli")
def test_without_a_working_sandbox_up_refuses_and_names_the_way_out(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bwrap", "apt-get", "dnf"):  # there, but of no use
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    bare = RealSwarm(tmp_path / "state", search_path=f"{programs}:{os.environ['PATH']}")
    done = bare.hive("up", "--detach", "--any-ports", "--json")
    try:
        assert done.returncode == 1
        assert json.loads(done.stdout)["error"]["code"] == "no_sandbox"
        assert "--unsafe-no-sandbox" in done.stdout
    finally:
        bare.down()
