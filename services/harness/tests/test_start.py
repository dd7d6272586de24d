"""What a harness is started with: settings, role text, the session's lock, Claude Code's command line."""

import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
from hive_harness.configuration import claude_setup, problems
from hive_harness.mcp.tools import tools_for
from hive_harness.prompts import role_text
from hive_harness.repositories import trusted_repositories
from hive_harness.runtime.command import ClaudeSetup, arguments, environment
from hive_harness.runtime.files import write_git_config, write_mcp_config
from hive_harness.runtime.lock import SessionHeldError, SessionLock
from hive_harness.session import Kept
from hive_harness.settings import Settings, load
from pydantic import ValidationError


def setup(tmp_path: Path) -> ClaudeSetup:
    return ClaudeSetup(Path("/bin/claude"), tmp_path, tmp_path / "home", tmp_path / "role.md", tmp_path / "mcp.json")


@pytest.mark.spec("TRN-7", door="wire")
@pytest.mark.parametrize("role", ["agent", "manager"])
def test_the_role_text_names_the_agent_its_tools_its_folder_and_how_to_wait(role: str) -> None:
    text = role_text(Settings.model_validate({"agent": "ada", "role": role, "operator_pronouns": "xe/xem"}))
    for expected in ("ada", "xe/xem", "unknown", "`send`", "`recv`", "/state/notes.md", "Never sleep", "end your turn"):
        assert expected in text
    assert "{" not in text


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"agent": "ada", "idle_hibernate_secs": 3}')
    with pytest.raises(ValidationError, match="idle_hibernate_secs"):
        load(file)


def test_the_container_says_where_claude_code_lies(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"agent": "ada", "claude_binary": "/usr/bin/claude"}')
    assert claude_setup(load(file)).binary == Path("/usr/bin/claude")
    assert claude_setup(load(file, Path("/nix/store/claude"))).binary == Path("/nix/store/claude")


def test_two_drivers_never_share_a_session(tmp_path: Path) -> None:
    first, second = SessionLock(tmp_path / "lock"), SessionLock(tmp_path / "lock")
    first.take()
    with pytest.raises(SessionHeldError):
        second.take()
    first.release()
    second.take()
    second.release()


def test_the_command_line_has_no_secret_and_no_tool_that_passes_the_hive_by(tmp_path: Path) -> None:
    line = arguments(setup(tmp_path), "a-session", "a-model")
    tools = line[line.index("--tools") + 1].split(",")
    assert not {"SendMessage", "ListAgents", "ScheduleWakeup", "Monitor", "Workflow", "CronCreate"} & set(tools)
    assert "--strict-mcp-config" in line
    assert "--resume=a-session" in line
    assert "--model=a-model" in line


def test_the_environment_holds_only_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "no")
    env = environment(setup(tmp_path), {"ANTHROPIC_API_KEY": "yes"})
    assert "AWS_SECRET_ACCESS_KEY" not in env
    assert env["ANTHROPIC_API_KEY"] == "yes"
    assert env["CLAUDE_CONFIG_DIR"] == str(tmp_path / "home/.claude")


def test_the_token_lies_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text("old, readable by all")
    path.chmod(0o644)
    write_mcp_config(path, "http://127.0.0.1:1/mcp", "t0ken", {})
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Bearer t0ken" in path.read_text()


@pytest.mark.spec("TRN-6", door="wire")
def test_a_model_choice_that_can_not_be_written_holds_for_this_run(tmp_path: Path) -> None:
    (tmp_path / ".hyperhive").write_text("a file where the folder should be")
    kept = Kept(tmp_path)
    assert kept.keep_model("some-model") is False
    assert kept.model == "some-model"


def test_a_session_file_that_an_agent_spoiled_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / ".hyperhive").mkdir()
    (tmp_path / ".hyperhive/session").write_text("--dangerous\n")
    assert Kept(tmp_path).session is None


@pytest.mark.spec("CFG-4", door="wire")
def test_what_the_configuration_asks_for_and_can_not_have_is_said(tmp_path: Path) -> None:
    clock = {"command": "clock"}
    settings = Settings.model_validate(
        {
            "agent": "ada",
            "tools_allow": ["Bash(git *)", "Workflow"],
            "mcp_servers": {"hyperhive": clock, "clock": clock},
        }
    )
    said = " ".join(problems(settings))
    assert "`Workflow`" in said
    assert "`hyperhive`" in said
    assert len(problems(settings)) == 2
    made = claude_setup(settings)
    assert list(made.mcp_servers) == ["clock"]
    line = arguments(made, None, None)
    assert line[line.index("--tools") + 1] == "Bash"
    assert "--dangerously-skip-permissions" not in line
    assert "Workflow" not in line


def test_no_tools_at_all_can_be_asked_for(tmp_path: Path) -> None:
    made = claude_setup(Settings.model_validate({"agent": "ada", "tools_allow": []}))
    line = arguments(made, None, None)
    assert line[line.index("--tools") + 1] == ""
    assert "mcp__hyperhive__*" in line


def test_an_agent_may_use_git_in_its_own_configuration_and_the_manager_in_everybodys(tmp_path: Path) -> None:
    for folder in ("agents/ada/config", "proposed/ada", "proposed/bob", "proposed/.bob.1.new", "applied/ada"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proposed/sly").symlink_to(tmp_path / "agents/ada")
    places = {f"{name}_dir": tmp_path / name for name in ("agents", "proposed", "applied")}
    agent = Settings.model_validate({"agent": "ada", **places})
    assert trusted_repositories(agent) == [tmp_path / "agents/ada/config"]
    manager = Settings.model_validate({"agent": "manager", "role": "manager", **places})
    assert trusted_repositories(manager) == [
        tmp_path / name for name in ("applied/ada", "proposed/ada", "proposed/bob")
    ]


def test_git_reads_the_trusted_repositories_as_they_are_named(tmp_path: Path) -> None:
    file = tmp_path / "gitconfig"
    odd = tmp_path / 'a "b" \\c'
    write_git_config(file, "ada", [odd])
    asked = ["git", "config", "--file", str(file), "--get-all", "safe.directory"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == f"{odd}\n"


@pytest.mark.spec("TRN-7", door="wire")
def test_the_configurations_words_end_the_role_text_as_they_stand(tmp_path: Path) -> None:
    text = role_text(Settings.model_validate({"agent": "ada", "prompt_append": "Use {name} and {state} literally."}))
    assert text.endswith("\nUse {name} and {state} literally.\n")


@pytest.mark.spec("TRN-7", door="wire")
@pytest.mark.parametrize("role", ["agent", "manager"])
def test_the_role_text_names_every_tool_that_the_role_has(role: str) -> None:
    settings = Settings.model_validate({"agent": "manager", "role": role})
    tools = tools_for(settings, cast(Any, None), cast(Any, None), lambda: None)
    text = role_text(settings)
    assert [tool.name for tool in tools if f"`{tool.name}`" not in text] == []
