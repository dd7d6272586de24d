"""The host's units under a real systemd: every service starts, is walled in, is watched, and comes back."""

import json
from typing import Any

import pytest

from tests.nix.machine import SERVICES, boot

STATE_OF = {
    "nats": {"nats"},
    "broker": {"services", "shared", "config"},
    "approvals": {"services", "config"},
    "revoker": {"services"},
    "dashboard": {"services"},
}
pytestmark = pytest.mark.xdist_group("nix-machine")


@pytest.fixture(scope="module")
def seen(units: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen in one run of the machine; see probe.py."""
    return boot(units, tmp_path_factory.mktemp("machine"))


@pytest.mark.spec("OPS-6", door="nix")
@pytest.mark.spec("OPS-8", door="nix")
def test_every_service_starts_and_answers_the_operator(seen: dict[str, Any]) -> None:
    assert {unit["ActiveState"] for unit in seen["units"].values()} == {"active"}
    assert {service["name"] for service in seen["status"]["services"] if service["up"]} == SERVICES.keys()


@pytest.mark.spec("OPS-6", door="nix")
def test_a_service_has_its_own_user_and_no_capabilities(seen: dict[str, Any]) -> None:
    for name, walls in seen["walls"].items():
        assert walls["no_new_privileges"] == "1"
        assert walls["system_calls"] == "2"
        if name != "lifecycle":
            assert walls["user"] == f"hive-{name}"
            assert int(walls["capabilities"], 16) == 0


@pytest.mark.spec("OPS-6", door="nix")
def test_a_service_sees_its_own_part_of_the_state_folder(seen: dict[str, Any]) -> None:
    for name, parts in STATE_OF.items():
        sees = set(seen["walls"][name]["sees"])
        assert {path.split("/")[0] for path in sees} == parts
        assert {path for path in sees if path.startswith("services/")} <= {f"services/{name}"}
    sees = set(seen["walls"]["lifecycle"]["sees"])
    assert "creds/lifecycle.creds" in sees
    assert not any(path.startswith("keys/") for path in sees)


@pytest.mark.spec("OPS-6", door="nix")
def test_the_journal_has_structured_lines(seen: dict[str, Any]) -> None:
    for name, messages in seen["journal"].items():
        lines = [json.loads(message) for message in messages]
        assert all(line["service"] and line["timestamp"] and line["level"] for line in lines)
        assert [line["service"] for line in lines if line["event"] == "ready"] == [name]


@pytest.mark.spec("OPS-6", door="nix")
def test_lifecycles_walls_let_through_what_it_does_and_nothing_else(seen: dict[str, Any]) -> None:
    errands = seen["errands"]
    came_of = errands["came_of"]
    assert {name: came_of[name] for name in errands["allowed"]} == dict.fromkeys(errands["allowed"], "done")
    assert [name for name in errands["denied"] if came_of[name] == "done"] == []
    assert errands["denied"]


def test_everything_listens_on_loopback(seen: dict[str, Any]) -> None:
    addresses = [line.split()[3].rsplit(":", 1)[0] for line in seen["listening"]]
    assert addresses
    assert set(addresses) <= {"127.0.0.1", "[::1]"}


@pytest.mark.spec("OPS-6", door="nix")
def test_a_service_that_hangs_is_started_anew(seen: dict[str, Any]) -> None:
    hung = seen["hung"]
    assert hung["watchdog"]
    assert hung["after"]["ActiveState"] == "active"
    assert hung["after"]["MainPID"] != hung["before"]["MainPID"]


@pytest.mark.spec("OPS-6", door="nix")
def test_services_outlive_the_nats_server(seen: dict[str, Any]) -> None:
    told = seen["after_nats"]
    assert all(service["up"] for service in told["status"]["services"])
    same = {name: unit["MainPID"] == told["before"][name]["MainPID"] for name, unit in told["after"].items()}
    assert set(same.values()) == {True}, same


@pytest.mark.spec("OPS-6", door="nix")
def test_a_restart_of_everything_changes_no_key(seen: dict[str, Any]) -> None:
    again = seen["after_restart"]
    assert again["keys"] == seen["keys"]
    assert all(service["up"] for service in again["status"]["services"])
    for name in SERVICES:
        assert again["units"][name]["InvocationID"] != seen["units"][name]["InvocationID"]
