"""Where the `nixos` runtime finds programs and folders; the defaults are NixOS's own (from stateVersion 22.05 on)."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class NixosSettings(BaseModel):
    """Programs are names to be found on PATH, or whole paths."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    private_users: Literal["pick", "no"] = "pick"
    """`pick`: root in a container is an ordinary user of this host. `no`, where the filesystem of the state folder
    can't map users: it is root of this host."""
    max_name_length: int = Field(default=11, ge=1, le=63)
    """What the installed nixos-container allows."""
    nix: str = "nix"
    nix_options: tuple[str, ...] = ()
    """Further arguments for `nix build`."""
    nix_env: str = "nix-env"
    nixos_container: str = "nixos-container"
    systemctl: str = "systemctl"
    journalctl: str = "journalctl"
    setpriv: str = "setpriv"
    containers: Path = Path("/etc/nixos-containers")
    """One `.conf` file for each container."""
    roots: Path = Path("/var/lib/nixos-containers")
    """Each container's root folder."""
    profiles: Path = Path("/nix/var/nix/profiles/per-container")
    units: Path = Path("/run/systemd/system")
    """Where drop-ins of units lie that hold until the next boot."""
    store: Path = Path("/nix/store")
