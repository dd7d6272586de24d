"""The state folder that set-up makes, made again, repaired, and interrupted at any point."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hive_cli import log_files
from hive_cli.problems import Problem
from hive_cli.setup import Wishes, ports, prepare
from hive_cli.supervisor import foreground
from hive_cli.supervisor.down import down
from hive_cli.supervisor.up import Options
from hive_kit.settings import ServiceSettings
from hive_kit.swarm import SwarmConfig
from hive_wire.names import SERVICES

ANY_PORTS = Wishes(any_ports=True)


def contents(state: Path) -> dict[str, bytes]:
    files = (path for path in state.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(state)): path.read_bytes() for path in files}


@pytest.mark.spec("OPS-4", door="cli")
def test_set_up_twice_gives_the_same_files(tmp_path: Path) -> None:
    prepare(tmp_path / "state", ANY_PORTS)
    first = contents(tmp_path / "state")
    prepare(tmp_path / "state", ANY_PORTS)
    assert contents(tmp_path / "state") == first


def test_nobody_else_may_look_into_the_state_folder(swarm: SwarmConfig) -> None:
    for path in swarm.state.rglob("*"):
        if path.is_dir():
            assert path.stat().st_mode & 0o777 == 0o700, path
        elif path != swarm.file:
            assert path.stat().st_mode & 0o777 == 0o600, path
    assert swarm.state.stat().st_mode & 0o777 == 0o700


def test_modes_that_were_loosened_are_put_right(swarm: SwarmConfig) -> None:
    swarm.keys.chmod(0o755)
    swarm.creds("broker").chmod(0o644)
    swarm.server_config.chmod(0o644)
    prepare(swarm.state, Wishes())
    modes = [path.stat().st_mode & 0o777 for path in (swarm.keys, swarm.creds("broker"), swarm.server_config)]
    assert modes == [0o700, 0o600, 0o600]


def test_what_is_missing_is_made_again_and_the_rest_stays(swarm: SwarmConfig) -> None:
    before = contents(swarm.state)
    for path in (swarm.settings("broker"), swarm.server_config, swarm.nats_context):
        path.unlink()
    prepare(swarm.state, Wishes())
    assert contents(swarm.state) == before


def test_lost_credentials_are_minted_anew(swarm: SwarmConfig) -> None:
    before = contents(swarm.state)
    swarm.creds("broker").unlink()
    prepare(swarm.state, Wishes())
    after = contents(swarm.state)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"creds/broker.creds"}


def test_a_lost_key_changes_what_it_signed_and_nothing_else(swarm: SwarmConfig) -> None:
    before = contents(swarm.state)
    swarm.signing_key("service").unlink()
    prepare(swarm.state, Wishes())
    after = contents(swarm.state)
    changed = {name for name in before if before[name] != after[name]}
    services = {f"creds/{service}.creds" for service in SERVICES}
    assert changed == {"keys/signing/service.json", "services/revoker/account.json", "nats/server.conf", *services}


KILLER = """
import os, signal, sys
from pathlib import Path
import hive_kit.files as files
from hive_cli.setup import Wishes, prepare
left = int(sys.argv[2])
def count(event, _arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
prepare(Path(sys.argv[1]), Wishes(any_ports=True))
"""


@pytest.mark.parametrize("files", [0, 1, 4, 7, 10, 13, 16, 19])
def test_a_set_up_that_was_killed_works_when_it_is_repeated(tmp_path: Path, files: int) -> None:
    state = tmp_path / "state"
    killed = subprocess.run([sys.executable, "-c", KILLER, str(state), str(files)], check=False)
    assert killed.returncode == -signal.SIGKILL
    made = {name: text for name, text in contents(state).items() if not name.endswith(".tmp")}
    swarm = prepare(state, ANY_PORTS)
    after = contents(state)
    assert {name: after[name] for name in made} == made
    assert all(swarm.settings(service).exists() for service in SERVICES)
    assert not [name for name in after if name.endswith(".tmp")]


def test_the_server_keeps_what_it_acknowledged_and_speaks_on_loopback_only(swarm: SwarmConfig) -> None:
    config = json.loads(swarm.server_config.read_text())
    assert config["host"] == "127.0.0.1"
    assert config["jetstream"]["sync_interval"] == "always"
    assert config["max_payload"] == 8 * 1024 * 1024
    assert config["resolver"] == {"type": "full", "dir": str(swarm.account_jwts), "allow_delete": False}
    assert not {"http", "http_port", "https_port", "monitor_port"} & set(config)


@pytest.mark.parametrize("service", SERVICES)
def test_the_common_settings_are_what_every_service_reads(swarm: SwarmConfig, service: str) -> None:
    rendered = json.loads(swarm.settings(service).read_text())
    common = {name: rendered[name] for name in ServiceSettings.model_fields if name in rendered}
    settings = ServiceSettings(**common)
    assert (settings.service, settings.state) == (service, swarm.state)
    assert settings.creds.exists()


@pytest.mark.spec("OPS-3", door="cli")
def test_a_context_for_the_nats_cli_names_the_operators_credentials(swarm: SwarmConfig) -> None:
    context = json.loads(swarm.nats_context.read_text())
    assert context["url"] == swarm.nats_url
    assert Path(context["creds"]).exists()


def test_busy_defaults_give_way_to_free_ports(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first = ports.choose(anywhere=True)
        taken.bind(("127.0.0.1", first.nats))
        taken.listen()
        assert not ports.is_free(first.nats)
        chosen = ports.choose(anywhere=True).model_dump().values()
        assert first.nats not in chosen
        assert len(set(chosen)) == len(chosen)


def test_an_explicit_port_is_recorded(swarm: SwarmConfig) -> None:
    prepare(swarm.state, Wishes(dashboard_port=31_999))
    again = SwarmConfig.load(swarm.state)
    assert again.ports.dashboard == 31_999
    assert again.ports.nats == swarm.ports.nats
    assert json.loads(swarm.settings("dashboard").read_text())["port"] == 31_999


def test_a_moved_folder_is_a_swarm_where_it_is_now(swarm: SwarmConfig, tmp_path: Path) -> None:
    moved = swarm.state.rename(tmp_path / "elsewhere")
    prepare(moved, Wishes())
    settings = json.loads((moved / "services" / "broker" / "settings.json").read_text())
    assert settings["creds"] == str(moved / "creds" / "broker.creds")


@pytest.mark.spec("OPS-12", door="cli")
def test_a_state_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(Problem, match="is not a folder"):
        prepare(tmp_path / "state", ANY_PORTS)


@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.skipif(not os.path.isdir("/proc/1"), reason="needs a folder that even root can't write")  # noqa: PTH112
def test_a_state_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(Problem, match="can't set up"):
        prepare(Path("/proc/1/state"), ANY_PORTS)


@pytest.mark.spec("OPS-12", door="cli")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"ports": {"nats": "x"}}', '{"version": 99}', '{"surprise": 1}'])
def test_a_damaged_swarm_file_is_named(swarm: SwarmConfig, text: str) -> None:
    swarm.file.write_text(text)
    with pytest.raises(Problem, match=r"swarm\.json"):
        prepare(swarm.state, Wishes())


@pytest.mark.spec("OPS-8", door="cli")
def test_a_swarm_of_systemds_gets_no_settings_and_logs_to_the_journal(tmp_path: Path) -> None:
    declared = SwarmConfig(state=tmp_path / "state", run_by="systemd")
    declared.state.mkdir()
    declared.store()
    assert prepare(declared.state, Wishes()) == declared
    assert not declared.settings("broker").exists()
    assert "log_file" not in json.loads(declared.server_config.read_text())
    assert declared.creds("broker").exists()


def test_only_systemd_starts_and_stops_its_swarm(tmp_path: Path) -> None:
    declared = SwarmConfig(state=tmp_path, run_by="systemd")
    declared.store()
    for stranger in (lambda: foreground.run(Options(str(tmp_path)), None, print), lambda: down(declared)):
        with pytest.raises(Problem) as refused:
            stranger()
        assert "systemctl" in refused.value.message
    with pytest.raises(Problem) as refused:
        log_files.tail(declared, "broker", 10)
    assert "journalctl -u hyperhive-broker" in refused.value.message
