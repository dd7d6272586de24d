"""Options that hold for every command, wherever they stand; usage errors and swarms that are not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hive_cli.invocation import split
from hive_cli.problems import Exit, Problem
from hive_cli.testing import Done, hive_command
from hive_kit.swarm import SwarmConfig


def hive(*arguments: str, cwd: Path | None = None, text: str = "") -> Done:
    return hive_command().run(*arguments, cwd=cwd, text=text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--state", "/s", "send", "bob", "hi", "--json"],
        ["send", "bob", "hi", "--json", "--state", "/s"],
        ["--json", "send", "--state=/s", "bob", "hi"],
    ],
)
def test_global_options_may_stand_anywhere(arguments: list[str]) -> None:
    invocation, left = split(arguments)
    assert (str(invocation.state), invocation.json, left) == ("/s", True, ["send", "bob", "hi"])


def test_what_comes_after_a_lone_double_dash_is_text() -> None:
    invocation, left = split(["send", "bob", "--", "--json"])
    assert (invocation.json, left) == (False, ["send", "bob", "--", "--json"])


def test_the_environment_names_the_swarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_STATE", "/from/environment")
    assert str(split(["list"])[0].state) == "/from/environment"
    assert str(split(["list", "--state", "/given"])[0].state) == "/given"


def test_a_state_option_without_a_folder_is_a_usage_error() -> None:
    with pytest.raises(Problem) as problem:
        split(["list", "--state"])
    assert problem.value.exit_code is Exit.USAGE


@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["send"], ["message", "twelve"], ["up", "--port", "0"], ["list", "--what"]]
)
def test_a_command_line_that_is_not_understood_exits_with_2(arguments: list[str]) -> None:
    done = hive(*arguments)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert done.stderr.startswith("usage: ")
    assert len(done.stderr.splitlines()) == 1
    as_json = hive(*arguments, "--json")
    assert as_json.returncode == Exit.USAGE
    assert json.loads(as_json.stdout)["error"]["code"] == "usage"


def test_a_swarm_that_was_never_set_up_exits_with_3(tmp_path: Path) -> None:
    done = hive("list", "--state", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (Exit.UNREACHABLE, "")
    assert done.stderr.startswith("not_set_up: ")


def test_a_swarm_that_does_not_run_exits_with_3(swarm: SwarmConfig) -> None:
    done = hive("list", "--state", str(swarm.state), "--json")
    assert done.returncode == Exit.UNREACHABLE
    assert json.loads(done.stdout)["error"]["code"] == "unavailable"


def test_a_swarm_without_its_services_says_which_one_does_not_answer(swarm: SwarmConfig, server: object) -> None:
    done = hive("secret", "set", "anthropic-api-key", "--state", str(swarm.state), text="sk-x\n")
    assert done.returncode == Exit.UNREACHABLE
    assert done.stderr.startswith("unavailable: ")
    assert "lifecycle" in done.stderr


@pytest.mark.spec("OPS-12", door="cli")
def test_what_the_wire_refuses_is_refused_with_its_code(swarm: SwarmConfig) -> None:
    for arguments in (("message", "0"), ("secret", "set", "no-such-secret"), ("send", "bob", "")):
        done = hive(*arguments, "--state", str(swarm.state), text="x")
        assert done.returncode == Exit.FAILED
        assert done.stderr.startswith("bad_request: ")


def test_an_unknown_verb_is_not_found(swarm: SwarmConfig) -> None:
    done = hive("call", "broker", "nonsense", "--state", str(swarm.state), "--json")
    assert done.returncode == Exit.FAILED
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "not_found"
    assert "broker.send" in error["details"]["known"]


def test_the_help_names_the_exit_codes_also_for_a_program_started_anew() -> None:
    command = [sys.executable, "-m", "hive_cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == Exit.OK
    assert "Exit codes" in done.stdout


def test_set_up_as_a_command_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        done = hive("setup", "--any-ports", "--json", cwd=tmp_path)
        assert done.returncode == Exit.OK
        assert json.loads(done.stdout)["state"] == str(tmp_path / "state")


@pytest.mark.spec("OPS-12", door="cli")
def test_starting_in_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    done = hive("up", "--unsafe-no-sandbox", "--state", str(tmp_path / "state"))
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert done.stderr.startswith("failed: ")
    assert len(done.stderr.splitlines()) == 1
