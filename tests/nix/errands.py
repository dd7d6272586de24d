"""Runs inside the test's machine within the walls of lifecycle's unit: does what lifecycle and its runtime do to the
host, and tries what they shall not be able to. Writes what came of each to the state folder."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

STATE = Path("/var/lib/hyperhive")
AGENT = 50_001
GROUP = 50_000
DROP_IN = Path("/run/systemd/system/container@x.service.d")


def main() -> None:
    work = {name: attempt(errand) for name, errand in {**ALLOWED, **DENIED}.items()}
    (STATE / "errands.json").write_text(json.dumps({"allowed": list(ALLOWED), "denied": list(DENIED), "came_of": work}))


def attempt(errand: Callable[[], object]) -> str:
    try:
        errand()
    except subprocess.CalledProcessError as error:
        return f"{error} {error.stderr}"
    except Exception as error:
        return f"{error!r}"
    return "done"


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def write_the_conf() -> None:
    Path("/etc/nixos-containers/x.conf").write_text("PRIVATE_USERS=pick\n")


def make_the_root() -> None:
    root = Path("/var/lib/nixos-containers/x")
    root.mkdir()
    os.chown(root, AGENT, AGENT)
    root.chmod(0o2750)


def set_the_profile() -> None:
    profiles = Path("/nix/var/nix/profiles/per-container/x")
    profiles.mkdir(parents=True)
    (profiles / "system").symlink_to("/nix/store/none")


def limit_the_unit() -> None:
    DROP_IN.mkdir()
    (DROP_IN / "hyperhive.conf").write_text("[Service]\nMemoryMax=1G\n")
    run("systemctl", "daemon-reload")


def start_and_kill_a_container() -> None:
    run("systemctl", "start", "contained.service")
    assert run("systemctl", "show", "-P", "ActiveState", "contained.service").strip() == "active"
    run("systemctl", "kill", "-s", "KILL", "contained.service")
    run("systemctl", "reset-failed", "contained.service")


def enter_a_container() -> None:
    run("systemctl", "start", "contained.service")
    pid = run("systemctl", "show", "-P", "MainPID", "contained.service").strip()
    deadline = time.monotonic() + 60
    while not Path(f"/proc/{pid}/gid_map").read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)  # it has its users a moment after it is started
    try:
        # As `systemctl -M` does it: all of its namespaces, its users too.
        assert run("nsenter", "-t", pid, "--all", "id", "-u").strip() == "0"
    finally:
        run("systemctl", "stop", "contained.service")


def read_a_journal() -> None:
    assert run("journalctl", "--quiet", "--no-pager", "-n", "1", "-u", "hyperhive-nats")


def share_a_folder() -> None:
    folder = STATE / "shared" / "agents" / "x"
    folder.mkdir()
    os.chown(folder, AGENT, GROUP)
    folder.chmod(0o2770)


def look_at_a_store_as_its_agent() -> None:
    """As `hive_lifecycle.store_sweep` locks itself in."""
    code = (
        f"import os; os.chroot('{STATE}/shared'); os.chdir('/'); os.setgroups([]); "
        f"os.setresgid({AGENT}, {AGENT}, {AGENT}); os.setresuid({AGENT}, {AGENT}, {AGENT})"
    )
    run(sys.executable, "-c", code)


def read_approvals_repository() -> None:
    repository = STATE / "config" / "applied" / "x"
    run("git", "init", "-q", "--bare", str(repository))
    run("chown", "-R", "hive-approvals", str(repository))
    run("git", "-C", str(repository), "rev-parse", "--git-dir")
    run(sys.executable, "-c", f"import pygit2; pygit2.Repository('{repository}')")


def build_as_a_child() -> None:
    run("setpriv", "--pdeathsig", "KILL", "--", "nix", "--version")


def read_a_key() -> None:
    (STATE / "keys" / "operator.seed").read_text()


def change_the_system() -> None:
    Path("/etc/hostname.new").write_text("x")


def change_the_kernel() -> None:
    Path("/proc/sys/kernel/sysrq").write_text("1")


def load_a_module() -> None:
    run("modprobe", "dummy")


def set_the_clock() -> None:
    run("date", "-s", "2020-01-01")


ALLOWED: dict[str, Callable[[], object]] = {
    errand.__name__: errand
    for errand in (
        write_the_conf, make_the_root, set_the_profile, limit_the_unit, start_and_kill_a_container, enter_a_container,
        read_a_journal, share_a_folder, look_at_a_store_as_its_agent, read_approvals_repository, build_as_a_child,
    )
}  # fmt: skip
DENIED: dict[str, Callable[[], object]] = {
    errand.__name__: errand
    for errand in (read_a_key, change_the_system, change_the_kernel, load_a_module, set_the_clock)
}

if __name__ == "__main__":
    main()
