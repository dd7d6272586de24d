"""`python -m hive_cli.preflight test -- COMMAND …`: what the tests need from the machine, then the command.

Where one root command gets a missing tool, it is run; else a line says which command gets it and what is lost."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import NoReturn

SECONDS = 600


@dataclass(frozen=True)
class Tool:
    """A program of the machine, under any of `programs`, that the Debian package `package` brings."""

    programs: tuple[str, ...]
    package: str
    lost: str

    def is_there(self) -> bool:
        return any(shutil.which(program) for program in self.programs)


TOOLS = {
    "test": (
        Tool(("chromium", "chromium-browser", "google-chrome"), "chromium", "the tests of the page are skipped"),
        Tool(("bwrap",), "bubblewrap", "agents' tests run without a sandbox, the tests of the sandbox are skipped"),
        Tool(("nix-instantiate",), "nix-bin", "the tests of the Nix modules and of the swarm's flake are skipped"),
        Tool(("systemd-nspawn",), "systemd-container", "the services' units are not tried under a real systemd"),
    ),
    "up": (Tool(("bwrap",), "bubblewrap", "agents run only with --unsafe-no-sandbox"),),
}


def main() -> NoReturn:
    task, _, *command = sys.argv[1:] if len(sys.argv) > 3 else ("", "")
    if task not in TOOLS or not command:
        sys.stderr.write("usage: python -m hive_cli.preflight {test|up} -- COMMAND …\n")
        sys.exit(2)
    provide([tool for tool in TOOLS[task] if not tool.is_there()])
    os.execvp(command[0], command)


def provide(missing: list[Tool]) -> None:
    """Installs what it may; says what is lost for the rest."""
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [tool.package for tool in missing]
        sys.stderr.write(f"hive: installing {', '.join(packages)} (apt-get install)\n")
        _apt("update")
        _apt("install", "-y", "--no-install-recommends", *packages)
    for tool in missing:
        if not tool.is_there():
            how = f"sudo apt-get install {tool.package}"
            sys.stderr.write(f"hive: {tool.package} is missing: {tool.lost}; get it with: {how}\n")


def _apt(*arguments: str) -> None:
    """Whether it helped is seen by looking for the tool."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            ["apt-get", "-qq", *arguments], env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return


if __name__ == "__main__":
    main()
