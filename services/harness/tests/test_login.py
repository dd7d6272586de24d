"""Whether there is a login, told from outside."""

import os
from pathlib import Path

import pytest
from hive_harness.login import Login


@pytest.fixture
def login(tmp_path: Path) -> Login:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "config").mkdir()
    return Login(tmp_path / "secrets", tmp_path / "config")


@pytest.mark.spec("LGN-1", door="wire")
def test_a_login_of_claude_code_is_seen_without_being_read(login: Login) -> None:
    assert not login.present
    credentials = login.config_dir / ".credentials.json"
    credentials.write_text("secret")
    credentials.chmod(0)
    reader = os.open(login.config_dir, os.O_RDONLY)
    before = credentials.stat().st_atime_ns
    assert login.present
    assert login.variables() == {}
    assert credentials.stat().st_atime_ns == before
    os.close(reader)


@pytest.mark.spec("LGN-3", door="wire")
@pytest.mark.parametrize(
    ("name", "variable"),
    [("anthropic-api-key", "ANTHROPIC_API_KEY"), ("claude-oauth-token", "CLAUDE_CODE_OAUTH_TOKEN")],
)
def test_a_secret_file_is_a_login_and_becomes_a_variable(login: Login, name: str, variable: str) -> None:
    (login.secrets_dir / name).write_text("s3cret\n")
    assert login.present
    assert login.variables() == {variable: "s3cret"}


def test_an_empty_secret_file_is_no_login(login: Login) -> None:
    (login.secrets_dir / "anthropic-api-key").write_text("")
    assert not login.present


def test_a_refused_login_counts_again_once_it_changed_or_the_operator_says_so(login: Login) -> None:
    key = login.secrets_dir / "anthropic-api-key"
    key.write_text("old")
    login.refuse()
    assert not login.present
    login.forgive()
    assert login.present
    login.refuse()
    key.write_text("other one")
    assert login.present
