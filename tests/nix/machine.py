"""A machine with a swarm: this host's own /usr booted with systemd in a container, with the units of the NixOS module.

Real are systemd, its walls around each service, credentials, users, set-up, NATS and our services. The programs' store
paths lead to the workspace, and there is no nix daemon: agents' systems are not built in here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import HERE, ROOT, generated, placed

SECONDS = 300
SERVICES = {
    "broker": "hive_broker",
    "approvals": "hive_approvals",
    "lifecycle": "hive_lifecycle",
    "revoker": "hive_lifecycle.revoker",
    "dashboard": "hive_dashboard",
}
USERS = ("broker", "approvals", "revoker", "dashboard", "nats")
_PYTHON = f"/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
_PROBE = f"""[Unit]
Wants=hyperhive.target
After=hyperhive.target {" ".join(f"hyperhive-{name}.service" for name in ("nats", *SERVICES))}
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStart={_PYTHON} /share/probe.py
"""
_TARGET = "[Unit]\nRequires=basic.target\nWants=probe.service\nAfter=basic.target\nAllowIsolate=yes\n"
_CONTAINED = """[Service]
ExecStart=/usr/bin/sleep infinity
PrivateUsers=true
PrivateMounts=true
PrivateNetwork=true
"""
_IMPATIENT = "[Service]\nWatchdogSec=4\nTimeoutStopSec=2\n"


def boot(units: dict[str, str], share: Path) -> dict[str, Any]:  # Any: JSON, see probe.py
    """What `probe.py` saw in there. Skips the test where no container can be booted."""
    require_nspawn()
    _furnish(units, share)
    said = _run(share)
    result = share / "result.json"
    if result.exists():
        return json.loads(result.read_text(encoding="utf-8"))
    if "Welcome to" not in said:
        pytest.skip(f"systemd can't be booted in a container here: {said.strip()[-300:]}")
    journal = share / "journal.txt"
    raise AssertionError(said[-2000:] + (journal.read_text(encoding="utf-8") if journal.exists() else ""))


def require_nspawn() -> None:
    """Skips the test where no container can be booted."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container: sudo ./run test tests/nix")
    if shutil.which("systemd-nspawn") is None:
        pytest.skip("systemd-nspawn is not installed: sudo apt-get install systemd-container")


def _furnish(units: dict[str, str], share: Path) -> None:
    """All that the container gets to see, beside /usr and the workspace."""
    etc, package = share / "units", share / "package"
    for unit, text in units.items():
        for name, content in generated(text).items():
            write(package / name, content)
        if unit.startswith("hyperhive"):
            write(etc / unit, placed(text, "/package"))
        if "WantedBy=hyperhive.target" in text:
            link(etc / "hyperhive.target.wants" / unit, f"../{unit}")
    write(etc / "errands.service", _errands(placed(units["hyperhive-lifecycle.service"], "/package")))
    write(etc / "contained.service", _CONTAINED)
    write(etc / "probe.service", _PROBE)
    write(etc / "machine.target", _TARGET)
    write(etc / "hyperhive-broker.service.d" / "impatient.conf", _IMPATIENT)
    users = "".join(f"u hive-{name} - -\n" for name in USERS)
    members = "".join(f"m hive-{name} hive-agents\n" for name in ("broker", "approvals"))
    write(share / "sysusers" / "hyperhive.conf", f"g hive-agents 50000\n{users}{members}")
    folders = ("/var/lib/hyperhive 0700", "/var/lib/nixos-containers 0700", "/etc/nixos-containers", "/nix/var/nix")
    write(share / "tmpfiles" / "hyperhive.conf", "".join(f"d {folder}\n" for folder in folders))
    shutil.copy(ROOT / "nix" / "modules" / "host" / "setup.sh", package)
    for name in ("probe.py", "errands.py"):
        shutil.copy(HERE / name, share)
    _furnish_programs(package)


def _errands(lifecycle: str) -> str:
    """A unit with lifecycle's walls that runs `errands.py` once."""
    others = ("ExecStart=", "Type=", "Restart", "WatchdogSec=", "WantedBy=")
    walls = "\n".join(line for line in lifecycle.splitlines() if not line.startswith(others))
    python = "Environment=LD_LIBRARY_PATH=/python/lib PYTHONPATH=/site"
    once = f"[Service]\nType=oneshot\n{python}\nExecStart={_PYTHON} /share/errands.py\n"
    return f"{walls}\n{once}"


def _furnish_programs(package: Path) -> None:
    for name in ("bash", "coreutils", "git", "nix", "systemd", "util-linux"):
        link(package / name / "bin", "/usr/bin")
    server = Path(sys.executable).with_name("nats-server")
    found = str(server) if server.exists() else shutil.which("nats-server")
    assert found is not None
    (package / "nats-server" / "bin").mkdir(parents=True)
    shutil.copy(found, package / "nats-server" / "bin" / "nats-server")
    for name, module in {"hive": "hive_cli", **{f"hive-{name}": module for name, module in SERVICES.items()}}.items():
        write(package / "hyperhive" / "bin" / name, program(module), 0o755)


def program(module: str) -> str:
    """The workspace under the paths at which the container sees it; ProtectHome hides where a checkout often lies."""
    sources = [path.relative_to(ROOT) for path in (*ROOT.glob("libs/*/src"), *ROOT.glob("services/*/src"))]
    paths = ":".join([*(f"/source/{path}" for path in sources), "/site"])
    variables = f"LD_LIBRARY_PATH=/python/lib PYTHONPATH={paths} PYTHONDONTWRITEBYTECODE=1"
    return f'#!/bin/sh\nexport {variables}\nexec {_PYTHON} -m {module} "$@"\n'


def _run(share: Path) -> str:
    binds = {
        ROOT: "/source", Path(sys.base_prefix): "/python", Path(pytest.__file__).parents[1]: "/site",
        share / "package": "/package", share / "units": "/etc/systemd/system",
        share / "sysusers": "/etc/sysusers.d", share / "tmpfiles": "/etc/tmpfiles.d", Path("/etc/ssl"): "/etc/ssl",
    }  # fmt: skip
    command = [
        "systemd-nspawn", "--quiet", "--directory=/", "--volatile=yes", f"--machine=hive-test-{os.getpid()}",
        "--register=no", "--keep-unit", "--capability=all", "--private-network", "--kill-signal=SIGRTMIN+3",
        *(f"--bind-ro={host}:{seen}" for host, seen in binds.items()), f"--bind={share}:/share",
        "--boot", "systemd.firstboot=off", "systemd.unit=machine.target",
    ]  # fmt: skip
    with own_cgroup() as enter:
        shell = ["sh", "-c", f'{enter} exec "$@"', "sh", *command]
        try:
            done = subprocess.run(
                shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return f"not within {SECONDS} s: {(late.output or b'').decode(errors='replace')}"
    return done.stdout.decode(errors="replace")


@contextmanager
def own_cgroup() -> Generator[str]:
    """Commands by which a process enters a control group of its own, where this host's systemd doesn't give it one."""
    name = f"hive-test-{os.getpid()}"
    roots = [Path("/sys/fs/cgroup") / part for part in ("unified", "systemd", "")]
    groups = [root / name for root in roots if (root / "cgroup.procs").exists()]
    for group in groups:
        group.mkdir(exist_ok=True)
    try:
        yield "".join(f"echo $$ > {group}/cgroup.procs; " for group in groups)
    finally:
        for group in groups:
            for inner in sorted(group.rglob("*/"), reverse=True):
                _remove(inner)
            _remove(group)


def _remove(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        return  # what is left in it ends later; the folder is empty of files


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def link(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
