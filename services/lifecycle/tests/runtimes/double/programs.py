"""Which program is which."""

import sys
from pathlib import Path

from host import Host


def main(program: str, root: str, argv: list[str]) -> None:
    host = Host(Path(root))
    if program == "systemctl":
        from systemctl import systemctl as run
    elif program == "journalctl":
        from journalctl import journalctl as run
    elif program == "nixos-container":
        from nixos_container import nixos_container as run
    elif program == "nix":
        from nix import nix as run
    elif program == "nix-env":
        from nix import nix_env as run
    else:
        from machine import machine as run
    sys.exit(run(host, argv))
