"""The host's module: its units' text, the settings files in them, what systemd itself thinks of them."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hive_approvals.settings import ApprovalsSettings
from hive_broker.settings import BrokerSettings
from hive_dashboard.settings import DashboardSettings
from hive_kit.settings import ServiceSettings
from hive_kit.swarm import SwarmConfig
from hive_lifecycle.settings import LifecycleSettings, RevokerSettings

from tests.nix.evaluation import HERE, EvaluationError, generated, host_units, placed

GOLDEN = HERE / "golden"
SETTINGS: dict[str, type[ServiceSettings]] = {
    "broker": BrokerSettings,
    "approvals": ApprovalsSettings,
    "lifecycle": LifecycleSettings,
    "dashboard": DashboardSettings,
    "revoker": RevokerSettings,
}
# The most that `systemd-analyze security` may say of each, out of 10; lifecycle is root and enters containers.
EXPOSURE = {
    "nats": 1.6,
    "broker": 1.8,
    "approvals": 1.8,
    "revoker": 1.6,
    "dashboard": 1.6,
    "setup": 2.4,
    "lifecycle": 5.5,
}
pytestmark = pytest.mark.xdist_group("nix")


@pytest.mark.spec("OPS-8", door="nix")
def test_units_and_settings_read_as_recorded(units: dict[str, str]) -> None:
    """`HIVE_GOLDEN=1` writes the record anew, to be read in the diff."""
    made = {name: placed(text, "/generated") for name, text in units.items()}
    for text in units.values():
        made.update({name: _pretty(content) for name, content in generated(text).items()})
    if os.environ.get("HIVE_GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        GOLDEN.mkdir()
        for name, text in made.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    recorded = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()}
    assert made == recorded


@pytest.mark.spec("OPS-8", door="nix")
@pytest.mark.parametrize("service", SETTINGS)
def test_a_services_settings_are_what_it_reads(units: dict[str, str], service: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(generated(units[f"hyperhive-{service}.service"])[f"hyperhive-{service}.json"])
    settings = SETTINGS[service].load(file)
    assert settings.service == service
    assert settings.database.is_relative_to(settings.state / "services" / service)
    assert settings.creds == Path(f"/run/credentials/hyperhive-{service}.service/creds")


def test_the_declared_swarm_is_what_the_command_reads(units: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "swarm.json").write_text(generated(units["hyperhive-setup.service"])["hyperhive-swarm.json"])
    assert SwarmConfig.load(tmp_path) == SwarmConfig(state=tmp_path, run_by="systemd")


@pytest.mark.spec("OPS-6", door="nix")
def test_every_service_is_awaited_watched_and_restarted(units: dict[str, str]) -> None:
    for service in SETTINGS:
        text = units[f"hyperhive-{service}.service"]
        for line in (
            "Type=notify",
            "WatchdogSec=60",
            "Restart=always",
            "StartLimitIntervalSec=0",
            "NoNewPrivileges=true",
        ):
            assert f"\n{line}\n" in text, service


@pytest.mark.spec("OPS-6", door="nix")
def test_systemd_finds_no_fault_with_the_units(units: dict[str, str], tmp_path: Path) -> None:
    paths = _written(units, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, paths)], capture_output=True, text=True, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "hyperhive" in line and not _is_absent_program(line)]
    assert complaints == []


@pytest.mark.spec("OPS-6", door="nix")
def test_no_unit_has_more_rights_than_agreed(units: dict[str, str], tmp_path: Path) -> None:
    services = [path for path in _written(units, tmp_path) if path.suffix == ".service"]
    seen: dict[str, float] = {}
    for path in services:
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        overall = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        assert overall, done.stderr
        seen[path.stem.removeprefix("hyperhive-")] = float(overall[1])
    assert seen.keys() == EXPOSURE.keys()
    assert {name: level for name, level in seen.items() if level > EXPOSURE[name]} == {}


@pytest.mark.parametrize(
    ("configuration", "says"),
    [
        ("ports.dashboard = 4222;", "two of them are the same"),
        ("ports.agents.last = 8000;", "`first` is behind `last`"),
        ('approvals.forge.url = "https://forge.example";', "needs a `tokenFile`"),
        ("ports.dashboard = 70000;", "ports.dashboard' is not of type"),
        ('stateDir = "relative";', "stateDir' is not of type"),
        ("dashbord.port = 1;", "dashbord' does not exist"),
    ],
)
def test_a_bad_option_is_refused_by_name(store: Path, configuration: str, says: str) -> None:
    with pytest.raises(EvaluationError) as refused:
        host_units(store, configuration)
    assert says in str(refused.value)


def test_a_forge_gives_approvals_its_token_and_the_network(store: Path) -> None:
    forge = 'url = "https://forge.example"; tokenFile = "/run/secrets/forge";'
    text = host_units(store, f"approvals.forge = {{ {forge} }}; approvals.settings.release_again_seconds = 60;")[
        "hyperhive-approvals.service"
    ]
    settings = json.loads(generated(text)["hyperhive-approvals.json"])
    assert settings["forge_token_file"] == "/run/credentials/hyperhive-approvals.service/forge_token_file"
    assert settings["release_again_seconds"] == 60
    assert "LoadCredential=forge_token_file:/run/secrets/forge\n" in text
    assert "IPAddressDeny=\n" in text


def _written(units: dict[str, str], folder: Path) -> list[Path]:
    """The units as files; systemd-analyze wants each program to exist."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: sudo apt-get install systemd")
    paths = [folder / name for name in units if name.startswith("hyperhive")]
    for path in paths:
        path.write_text(placed(units[path.name], "/generated"), encoding="utf-8")
    return paths


def _is_absent_program(line: str) -> bool:
    return "is not executable: No such file or directory" in line


def _pretty(content: str) -> str:
    return json.dumps(json.loads(content), indent=1) + "\n" if content.startswith("{") else content
