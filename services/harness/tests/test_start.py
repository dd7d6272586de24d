"""What a harness is started with: settings, role text, the session's lock, Claude Code's command line."""

from pathlib import Path

import pytest
from hive_harness.prompts import role_text
from hive_harness.runtime.command import ClaudeSetup, arguments, environment, write_mcp_config
from hive_harness.runtime.lock import SessionHeldError, SessionLock
from hive_harness.session import Kept
from hive_harness.settings import Settings, load
from pydantic import ValidationError


def setup(tmp_path: Path) -> ClaudeSetup:
    return ClaudeSetup(Path("/bin/claude"), tmp_path, tmp_path / "home", "role", tmp_path / "mcp.json")


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
    write_mcp_config(path, "http://127.0.0.1:1/mcp", "t0ken")
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
