"""That the double behaves as the real programs were seen to behave."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.lifecycle.tests.runtimes.double import NixosDouble

pytestmark = pytest.mark.skipif(NixosDouble.missing() is not None, reason=f"{NixosDouble.missing()}")

FOREVER = "echo up; while :; do sleep 0.1; done"


@dataclass
class Machine:
    """A host with the double's programs."""

    double: NixosDouble

    def run(self, program: str, *argv: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        command = [self.double.program(program), *argv]
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)

    def flake(self, name: str, script: str = FOREVER, **files: str) -> str:
        folder = self.double.root / "flake"
        self.double.write_system(folder, name, script, **files)
        return f"{folder}#{name}"

    def build(self, name: str, script: str = FOREVER, **files: str) -> str:
        flake, _, attribute = self.flake(name, script, **files).partition("#")
        link = self.double.root / f"built-{name}"
        what = f'{flake}#nixosConfigurations."{attribute}".config.system.build.toplevel'
        assert self.run("nix", "build", "--out-link", str(link), "--", what).returncode == 0
        return str(link.readlink())

    def create(self, name: str, script: str = FOREVER) -> None:
        done = self.run("nixos-container", "create", name, "--system-path", self.build(name, script))
        assert done.returncode == 0
        assert re.search(r"host IP is 10\.233\.\d+\.1", done.stderr)

    def status(self, name: str) -> str:
        return self.run("nixos-container", "status", name).stdout.strip()

    def properties(self, name: str) -> dict[str, str]:
        wanted = "Id,ActiveState,Result,ExecMainCode,ExecMainStatus,InvocationID,MainPID"
        done = self.run("systemctl", "show", "--property", wanted, f"container@{name}.service")
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    def wait_until(self, name: str, state: str) -> dict[str, str]:
        for _ in range(2000):
            found = self.properties(name)
            if found["ActiveState"] == state:
                return found
        raise AssertionError(found)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(NixosDouble(tmp_path / "host"))
    yield machine
    machine.double.stop_all()


def test_what_it_answers_about_containers_that_are_not_there(machine):
    for words, code, said in (
        (("list",), 0, ""),
        (("status", "nobody"), 2, "gone"),
        (("start", "nobody"), 2, "does not exist"),
        (("stop", "nobody"), 2, "does not exist"),
        (("update", "nobody"), 2, "does not exist"),
        (("destroy", "nobody"), 0, ""),
        (("create", "bad.name"), 255, "invalid container name"),
        (("create", "twelve-chars"), 2, "too long"),
    ):
        done = machine.run("nixos-container", *words)
        assert done.returncode == code, words
        assert said in done.stdout + done.stderr


def test_a_failed_create_leaves_its_file_so_that_the_next_one_finds_it_there(machine):
    machine.double.builds("bob", error="builder failed")
    done = machine.run("nixos-container", "create", "bob", "--flake", machine.flake("bob"), cwd=machine.double.root)
    assert done.returncode == 2
    assert "error: builder failed" in done.stderr
    assert machine.status("bob") == "down"
    again = machine.run("nixos-container", "create", "bob", "--system-path", machine.build("carol"))
    assert (again.returncode, "already exists" in again.stderr) == (25, True)
    assert machine.run("nixos-container", "destroy", "bob").returncode == 0
    assert machine.status("bob") == "gone"


def test_start_stop_and_destroy_may_be_repeated_and_bound_folders_survive(machine):
    machine.create("bob")
    work = machine.double.root / "work"
    work.mkdir()
    (work / "note").touch()
    with machine.double.root.joinpath("conf", "bob.conf").open("a") as conf:
        conf.write(f'EXTRA_NSPAWN_FLAGS="--bind={work}:/state"\n')
    for verb, state in (("start", "up"), ("start", "up"), ("stop", "down"), ("stop", "down")):
        assert machine.run("nixos-container", verb, "bob").returncode == 0
        assert machine.status("bob") == state
    assert machine.run("nixos-container", "destroy", "bob").returncode == 0
    assert (work / "note").exists()


def test_a_reload_that_fails_leaves_the_profile_switched_until_it_is_rolled_back(machine):
    machine.create("bob")
    machine.run("nixos-container", "start", "bob")
    profile = machine.double.root / "profiles/bob/system"
    before = profile.resolve()
    flake = machine.flake("bob", switch_fails="activation failed")
    done = machine.run("nixos-container", "update", "bob", "--flake", flake, cwd=machine.double.root)
    assert (done.returncode, profile.resolve() == before, machine.status("bob")) == (1, False, "up")
    assert machine.run("nix-env", "--profile", str(profile), "--rollback").returncode == 0
    assert machine.run("systemctl", "reload", "container@bob.service").returncode == 0
    assert profile.resolve() == before


def test_an_update_without_a_flake_looks_for_one_that_is_not_there(machine):
    flake = machine.flake("bob")
    assert machine.run("nixos-container", "create", "bob", "--flake", flake, cwd=machine.double.root).returncode == 0
    done = machine.run("nixos-container", "update", "bob", cwd=machine.double.root)
    assert done.returncode == 1
    assert "container" in done.stderr


def test_two_updates_in_one_folder_may_mix_up_their_systems(machine):
    """The link lies in the working directory and is called the same for all."""
    for name in ("bob", "carol"):
        machine.create(name)
    place = machine.double.root
    other = f"DOUBLE_PAUSE= {place}/bin/nixos-container update carol --flake {machine.flake('carol', 'echo hers')}"
    flake = machine.flake("bob", "echo his")
    done = machine.run("nixos-container", "update", "bob", "--flake", flake, cwd=place, DOUBLE_PAUSE=other)
    assert done.returncode == 0
    assert "carol" in (place / "profiles/bob/system").resolve().name


def test_a_killed_container_fails_and_is_not_started_again_before_a_reset(machine):
    machine.create("bob")
    assert machine.run("systemctl", "start", "container@bob.service").returncode == 0
    assert machine.run("systemctl", "kill", "--signal=KILL", "container@bob.service").returncode == 0
    failed = machine.wait_until("bob", "failed")
    assert (failed["Result"], failed["ExecMainCode"], failed["ExecMainStatus"]) == ("signal", "2", "9")
    assert machine.run("systemctl", "start", "container@bob.service").returncode != 0
    assert machine.run("systemctl", "reset-failed", "container@bob.service").returncode == 0
    assert machine.run("systemctl", "start", "container@bob.service").returncode == 0


def test_a_container_that_ended_well_is_forgotten_and_one_that_failed_is_not(machine):
    machine.create("bob", "exit 0")
    machine.run("systemctl", "start", "container@bob.service")
    assert machine.wait_until("bob", "inactive")["InvocationID"] == ""
    machine.create("carol", "exit 7")
    machine.run("systemctl", "start", "container@carol.service")
    failed = machine.wait_until("carol", "failed")
    assert (failed["Result"], failed["ExecMainCode"], failed["ExecMainStatus"]) == ("exit-code", "1", "7")
    assert failed["InvocationID"]


def test_a_journal_is_found_by_machine_only_while_that_runs(machine):
    machine.create("bob", "echo words; " + FOREVER)
    machine.run("systemctl", "start", "container@bob.service")
    assert machine.run("journalctl", "-M", "bob", "--quiet").returncode == 0
    machine.run("systemctl", "stop", "container@bob.service")
    done = machine.run("journalctl", "-M", "bob")
    assert (done.returncode, "No machine 'bob' known" in done.stderr) == (1, True)
    folder = machine.double.root / "roots/bob/var/log/journal"
    done = machine.run(
        "journalctl", "-D", str(folder), "--show-cursor", "-o", "cat", "--unit=hyperhive-harness.service"
    )
    assert done.stdout.splitlines()[0] == "words"
    cursor = done.stdout.splitlines()[-1].removeprefix("-- cursor: ")
    done = machine.run("journalctl", "-D", str(folder), f"--after-cursor={cursor}", "-u", "hyperhive-harness.service")
    assert done.stdout == "-- No entries --\n"
    assert machine.run("journalctl", "-D", str(folder), "--after-cursor=nonsense").returncode == 1
