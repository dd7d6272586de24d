"""Settings that can't be used are refused with the file and the key; variables go before the file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hive_kit.settings import ServiceSettings, SettingsError

GOOD: dict[str, Any] = {
    "service": "broker",
    "nats_url": "nats://127.0.0.1:4222",
    "creds": "/x/broker.creds",
    "database": "/x/broker.db",
    "state": "/x",
}


def written(folder: Path, content: str) -> Path:
    path = folder / "settings.json"
    path.write_text(content)
    return path


def test_good_settings_are_read_and_frozen(tmp_path: Path) -> None:
    settings = ServiceSettings.load(written(tmp_path, json.dumps(GOOD)))
    assert settings.database == Path("/x/broker.db")
    assert settings.metrics_port is None
    with pytest.raises(ValueError, match="frozen"):
        settings.service = "other"  # type: ignore[misc]


@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1"),
        ("[1]", "Input should be a valid dictionary"),
        ("null", "Input should be a valid dictionary"),
        (json.dumps({**GOOD, "nonsense": 1}), "nonsense: Extra inputs are not permitted"),
        (json.dumps({**GOOD, "metrics_port": "many"}), "metrics_port: "),
        (json.dumps({k: v for k, v in GOOD.items() if k != "creds"}), "creds: Field required"),
    ],
)
def test_bad_settings_name_the_file_and_the_key(tmp_path: Path, content: str, said: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SettingsError) as refused:
        ServiceSettings.load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_settings_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b'{"service": "\xff"}')
    with pytest.raises(SettingsError, match=r"settings\.json"):
        ServiceSettings.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.json: No such file"):
        ServiceSettings.load(tmp_path / "missing.json")


def test_a_variable_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_LOG_LEVEL", "debug")
    monkeypatch.setenv("HIVE_METRICS_PORT", "9999")
    monkeypatch.setenv("HIVE_STATE", "/another/swarm")
    monkeypatch.setenv("LOG_LEVEL", "error")
    settings = ServiceSettings.load(written(tmp_path, json.dumps({**GOOD, "log_level": "warning"})))
    assert (settings.log_level, settings.metrics_port) == ("debug", 9999)
    assert settings.state == Path("/x")


@pytest.mark.spec("OPS-12", door="cli")
def test_a_service_with_bad_settings_ends_with_one_clear_line(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({**GOOD, "nonsense": 1}))
    ended = subprocess.run(
        [sys.executable, "-m", "hive_broker", "--settings", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == f"bad_settings: {path}: nonsense: Extra inputs are not permitted\n"
    assert ended.stdout == ""
