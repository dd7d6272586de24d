"""An agent's container on this host: systemd-nspawn as NixOS calls it, with the flags that the nixos runtime writes and
the unit that the agent's modules make. Its system is this host's /usr."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import AgentSpec, NixosSettings
from hive_lifecycle.runtimes.nixos.conf import container_files

from tests.nix.evaluation import ROOT, placed
from tests.nix.machine import link, own_cgroup, program, write

_TARGET = "[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=hyperhive-harness.service\nAllowIsolate=yes\n"
_FOLDERS = ("usr", "etc/systemd/system", "var", "run", "tmp", "proc", "sys", "dev", "root", "source", "python", "site")
_SECONDS = 60


class Container:
    """One container, whose root folder lies in `folder`; what it prints goes to a file there."""

    def __init__(self, folder: Path, unit: str, spec: AgentSpec) -> None:
        self._root = folder / "root"
        self._log = folder / "console.log"
        self._spec = spec
        self._settings = NixosSettings(containers=folder / "conf", units=folder / "units")
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()
        self._furnish(unit)

    @property
    def console(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Boot it in the background."""
        files = container_files(self._settings, self._spec)
        files.conf.parent.mkdir(parents=True, exist_ok=True)
        files.write()
        conf = dict(line.split("=", 1) for line in files.conf.read_text(encoding="utf-8").splitlines())
        ours = {ROOT: "/source", Path(sys.base_prefix): "/python", Path(pytest.__file__).parents[1]: "/site"}
        command = [
            "systemd-nspawn", "--quiet", "--keep-unit", "--register=no", f"--machine=hive-{os.getpid()}",
            f"--directory={self._root}", f"--private-users={conf['PRIVATE_USERS']}", "--notify-ready=yes",
            "--kill-signal=SIGRTMIN+3", "--bind-ro=/usr:/usr:idmap",
            *(f"--bind-ro={host}:{seen}:idmap" for host, seen in ours.items()),
            *conf["EXTRA_NSPAWN_FLAGS"].strip('"').split(),
            "--boot", "systemd.firstboot=off", "systemd.unit=agent.target",
        ]  # fmt: skip
        enter = self._held.enter_context(own_cgroup())
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", f'{enter} exec "$@"', "sh", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )  # fmt: skip

    def harness(self) -> int | None:
        """The harness's process, as this host numbers it."""
        assert self._process is not None
        for pid in _below(self._process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"hive_harness" in command:
                return pid
        return None

    def wait(self) -> int:
        """Its exit code, when it ends by itself."""
        assert self._process is not None
        return self._process.wait(_SECONDS)

    def close(self) -> None:
        """Ends it, whatever it does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._held.close()

    def _furnish(self, unit: str) -> None:
        for folder in _FOLDERS:
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                link(self._root / name, f"usr/{name}")
        write(self._root / "etc" / "machine-id", "")
        write(self._root / "etc" / "os-release", "ID=test\n")
        write(self._root / "etc" / "systemd" / "system" / "agent.target", _TARGET)
        write(self._root / "etc" / "systemd" / "system" / "hyperhive-harness.service", placed(unit, "/package"))
        write(self._root / "package" / "hyperhive" / "bin" / "hive-harness", program("hive_harness"), 0o755)
        shutil.copytree("/etc/ssl", self._root / "etc" / "ssl", symlinks=True)


def _below(pid: int) -> list[int]:
    """All that descend from a process."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = list[int](), [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found
