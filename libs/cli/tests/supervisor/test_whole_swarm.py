"""A whole swarm under the supervisor, with every real service: up, kept up, down, and refusals to start."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hive_cli.problems import Exit
from hive_cli.supervisor import record
from hive_cli.supervisor.process_id import ProcessId
from hive_cli.testing import Done, hive_command
from hive_kit.swarm import SwarmConfig

SECONDS = 60.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*#code=\S+\n")
NAMES = {"nats", "broker", "approvals", "lifecycle", "revoker", "dashboard"}


def hive(state: Path, *arguments: str) -> Done:
    return hive_command().run(*arguments, "--state", str(state), timeout=180)


def ask(state: Path, *arguments: str) -> Any:
    done = hive(state, *arguments, "--json")
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    return json.loads(done.stdout)


def processes_of(state: Path) -> list[str]:
    """Command lines of everything that runs and names this state folder."""
    found: list[str] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if str(state) in line:
                found.append(line)
    return found


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def up(state: Path, *arguments: str) -> Done:
    return hive(state, "up", "--detach", "--unsafe-no-sandbox", "--any-ports", *arguments)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "swarm"
    yield folder
    if folder.is_dir():
        hive(folder, "down")


def children(state: Path) -> dict[str, ProcessId]:
    read = record.read(SwarmConfig.load(state).supervisor)
    return {} if read is None else {name: ProcessId(c.pid, c.born) for name, c in read.children.items()}


@pytest.mark.spec("OPS-1", door="cli")
def test_up_prints_one_line_when_everything_answers_and_down_leaves_nothing(state: Path) -> None:
    done = up(state)
    assert done.returncode == Exit.OK, done.stderr
    assert ADDRESS.fullmatch(done.stdout)
    assert {service["name"]: service["up"] for service in ask(state, "status")["services"]} == dict.fromkeys(
        NAMES - {"nats"}, True
    )
    assert set(children(state)) == NAMES

    again = up(state)
    assert (again.returncode, again.stdout) == (Exit.FAILED, "")
    assert re.match(r"already_running: .*\(pid \d+\)", again.stderr)

    other = hive(state, "open")
    assert ADDRESS.fullmatch(other.stdout)
    assert other.stdout != done.stdout

    stopped = hive(state, "down")
    assert (stopped.returncode, stopped.stdout) == (Exit.OK, "stopped\n")
    assert processes_of(state) == []
    assert hive(state, "down").stdout == "nothing was running\n"
    assert hive(state, "list").returncode == Exit.UNREACHABLE


def test_interrupting_it_stops_everything_in_order(state: Path) -> None:
    command = [sys.executable, "-m", "hive_cli", "up", "--unsafe-no-sandbox", "--any-ports", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert ADDRESS.fullmatch(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=SECONDS)
    assert (running.returncode, out, errors) == (Exit.OK, "", "")
    assert processes_of(state) == []


def test_whatever_is_killed_comes_back(state: Path) -> None:
    assert up(state).returncode == Exit.OK
    for name in sorted(NAMES):
        victim = children(state)[name]
        victim.signal(signal.SIGKILL)
        until(lambda name=name, victim=victim: children(state).get(name) not in (None, victim))
    until(lambda: all(service["up"] for service in ask(state, "status")["services"]))


def test_a_killed_supervisor_takes_its_services_along_and_the_next_one_starts(state: Path) -> None:
    assert up(state).returncode == Exit.OK
    left = record.read(SwarmConfig.load(state).supervisor)
    assert left is not None
    before = children(state)
    left.supervisor.signal(signal.SIGKILL)
    until(lambda: not any(child.is_alive() for child in before.values()))
    done = up(state)
    assert done.returncode == Exit.OK, done.stderr


def test_agents_that_ran_run_again_after_down_and_up(state: Path) -> None:
    assert up(state).returncode == Exit.OK
    ask(state, "spawn", "scout", "--wait")
    ask(state, "spawn", "scribe", "--wait")
    ask(state, "stop", "scribe", "--wait")
    assert hive(state, "down").returncode == Exit.OK
    assert processes_of(state) == []
    assert up(state).returncode == Exit.OK

    def containers() -> dict[str, str]:
        return {agent["name"]: agent["container"] for agent in ask(state, "list")["agents"]}

    until(lambda: containers() == {"manager": "running", "scout": "running", "scribe": "stopped"})


@pytest.mark.spec("OPS-12", door="cli")
def test_a_busy_port_is_one_clear_line_and_nothing_runs(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = up(state, "--port", str(port))
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert re.fullmatch(rf"port_busy: port {port} .*\n", done.stderr)
    assert processes_of(state) == []


def test_a_service_that_can_not_start_is_named_with_the_end_of_its_log(state: Path) -> None:
    assert hive(state, "setup", "--any-ports").returncode == Exit.OK
    (SwarmConfig.load(state).service("broker") / "broker.db").mkdir()
    done = up(state)
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert done.stderr.startswith("failed: broker did not start")
    assert processes_of(state) == []


def test_a_supervisor_that_is_stopped_while_starting_leaves_nothing(state: Path) -> None:
    command = [sys.executable, "-m", "hive_cli", "up", "--unsafe-no-sandbox", "--any-ports", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        until((state / "run" / "supervisor.json").exists)
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=SECONDS)
    assert out == ""
    assert processes_of(state) == []


@pytest.mark.claude
@pytest.mark.spec("OPS-11", door="cli")
def test_in_the_demo_scout_answers_the_operator_with_the_help_of_scribe(state: Path) -> None:
    done = hive(state, "demo", "--detach", "--any-ports")
    assert done.returncode == Exit.OK, done.stderr
    sent = ask(state, "send", "scout", "what is the weather like?")

    def answers() -> list[Any]:
        return [m for m in ask(state, "inbox")["messages"] if m["sender"] == "scout"]

    until(answers)
    until(lambda: ask(state, "message", str(sent["id"]))["state"] == "acked")
    assert [m["sender"] for m in ask(state, "inbox", "scribe")["messages"]] == ["scout"]
    again = hive(state, "demo", "--detach")
    assert again.stderr.startswith("already_running: ")
