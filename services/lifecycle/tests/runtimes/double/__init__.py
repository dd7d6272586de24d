"""A double of what the nixos runtime drives: nix, nix-env, nixos-container, systemctl and journalctl.

The programs behave as was recorded of the real ones (`test_double.py` has the table); all they know lies below one
folder. A container is a real process: the `harness` program of its system, run in a mount and process namespace of its
own with the folders that its `.conf` file binds, so that paths inside are those of a real container. It ends with the
exit code of its harness (255 for a signal), as systemd does inside where the harness's unit says `FailureAction=exit`.
Users are not mapped, and limits are not enforced.

`nix build <flake>#nixosConfigurations."<name>"…` copies `<flake>/systems/<name>/` into the store where there is such a
folder. Else, with a `harness` command given, it makes a system that runs it with `--settings /run/hive/settings.json`;
that system differs when the flake's lock of `agent-<name>` or `hyperhive` does, and holds `etc/hyperhive/agent.json`
as the locked commit's `agent.toml` says. In a system, a file `switch-fails` makes switches to it fail with its text.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAMS = ("nix", "nix-env", "nixos-container", "systemctl", "journalctl")
HERE = Path(__file__).resolve().parent


class NixosDouble:
    """One host's worth of it. `harness` is what runs in containers whose flake has no system of their own."""

    def __init__(self, root: Path, harness: Sequence[str] = ()) -> None:
        self.root = root
        for name in ("bin", "conf", "roots", "profiles", "units", "store", "systemd", "nix"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "harness.json").write_text(json.dumps(list(harness)))
        for program in PROGRAMS:
            self._install(program)

    @staticmethod
    def missing() -> str | None:
        """Why it can't work here, and what would help."""
        if shutil.which("bwrap") is None:
            return "bubblewrap is not installed; try: apt-get install -y bubblewrap"
        trial = ("bwrap", "--bind", "/", "/", "--unshare-pid", "--as-pid-1", "true")
        done = subprocess.run(trial, capture_output=True, text=True, check=False)
        return None if done.returncode == 0 else f"bubblewrap does not work here: {done.stderr.strip()}"

    @property
    def nixos(self) -> dict[str, Any]:  # Any: JSON values
        """The values of NixosSettings."""
        return {
            "nix": str(self.program("nix")),
            "nix_env": str(self.program("nix-env")),
            "nixos_container": str(self.program("nixos-container")),
            "systemctl": str(self.program("systemctl")),
            "journalctl": str(self.program("journalctl")),
            "containers": str(self.root / "conf"),
            "roots": str(self.root / "roots"),
            "profiles": str(self.root / "profiles"),
            "units": str(self.root / "units"),
            "store": str(self.root / "store"),
        }

    @property
    def settings(self) -> dict[str, Any]:  # Any: JSON values
        """The values of RuntimeSettings."""
        return {"kind": "nixos", "nixos": self.nixos}

    def program(self, name: str) -> Path:
        return self.root / "bin" / name

    def builds(
        self,
        name: str = "all",
        *,
        lines: Sequence[str] = (),
        delay: float = 0,
        error: str | None = None,
        until: Path | None = None,
        switch_fails: str | None = None,
        revision: str = "",
    ) -> None:
        """How builds of that agent (or of all) go from now on: `lines` are printed, each `delay` seconds after the one
        before; then it waits until a file is there; then it fails with `error`, if that is given. `switch_fails` goes
        into the system; another `revision` makes another system of the same flake."""
        told = {
            "lines": list(lines),
            "delay": delay,
            "error": error,
            "until": None if until is None else str(until),
            "switch_fails": switch_fails,
            "revision": revision,
        }
        (self.root / "nix" / f"{name}.json").write_text(json.dumps(told))

    def write_system(self, flake: Path, name: str, script: str, **files: str) -> None:
        """Give a flake's folder a system whose harness is a shell script; further files are `name="text"`."""
        folder = flake / "systems" / name
        folder.mkdir(parents=True, exist_ok=True)
        harness = folder / "harness"
        harness.write_text(f"#!/bin/sh\n{script}\n")
        harness.chmod(0o755)
        for file, text in files.items():
            (folder / file.replace("_", "-")).write_text(text)

    def stop_all(self) -> None:
        """Kill every container."""
        for record in (self.root / "systemd").glob("*.json"):
            try:
                pid = int(json.loads(record.read_text())["pid"])
                if pid > 0:  # a container that never came up has none
                    os.kill(pid, signal.SIGKILL)
            except (ValueError, KeyError, OSError):
                continue

    def _install(self, program: str) -> None:
        path = self.program(program)
        path.write_text(
            f"#!{sys.executable} -IS\n"
            "import sys\n"
            f"sys.path.insert(0, {str(HERE)!r})\n"
            "from programs import main\n"
            f"main({program!r}, {str(self.root)!r}, sys.argv[1:])\n"
        )
        path.chmod(0o755)
