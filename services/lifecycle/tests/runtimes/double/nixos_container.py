"""nixos-container, with what it leaves behind."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from host import Host, fail
from systemctl import kill, reload, start, stop

from nix import nix, nix_env

_EXISTS, _OTHER, _BAD_NAME = 25, 2, 255
_MAX_NAME = 11


def nixos_container(host: Host, argv: list[str]) -> int:
    options = {key: argv[argv.index(f"--{key}") + 1] for key in ("system-path", "flake") if f"--{key}" in argv}
    words = [word for word in argv if not word.startswith("-") and word not in options.values()]
    if words[0] == "list":
        sys.stdout.write("".join(f"{file.stem}\n" for file in sorted((host.root / "conf").glob("*.conf"))))
        return 0
    name = words[1]
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", name):
        return fail("nixos-container: invalid container name", _BAD_NAME)
    if words[0] == "create":
        return create(host, name, options)
    if not host.conf(name).exists():
        if words[0] == "destroy":
            return 0
        if words[0] == "status":
            sys.stdout.write("gone\n")
        return fail(f"nixos-container: container ‘{name}’ does not exist", _OTHER)
    with host.locked():
        active = host.unit(name)["active"] == "active"
    if words[0] == "status":
        sys.stdout.write("up\n" if active else "down\n")
        return 0
    if words[0] == "start":
        return start(host, name)
    if words[0] in ("stop", "terminate"):
        return stop(host, name, wait=True)
    if words[0] == "update":
        return update(host, name, options, active)
    if words[0] == "destroy":
        return destroy(host, name, active)
    return fail(f"nixos-container: unknown action ‘{words[0]}’")


def create(host: Host, name: str, options: dict[str, str]) -> int:
    if host.conf(name).exists():
        return fail(f"nixos-container: container ‘{name}’ already exists", _EXISTS)
    if len(name) > _MAX_NAME:
        return fail(f"nixos-container: container name ‘{name}’ is too long", _OTHER)
    conf = (
        "PRIVATE_NETWORK=1\nHOST_ADDRESS=10.233.1.1\nLOCAL_ADDRESS=10.233.1.2\nHOST_BRIDGE=\nHOST_PORT=\nAUTO_START=0\n"
    )
    if "flake" in options:
        conf += f"FLAKE={options['flake'].partition('#')[0]}\n"
    host.conf(name).write_text(conf)
    sys.stderr.write("host IP is 10.233.1.1, container IP is 10.233.1.2\n")
    host.profile(name).parent.mkdir(parents=True, exist_ok=True)
    system = options.get("system-path") or build_flake(host, options.get("flake", ""))
    if system is None or nix_env(host, ["-p", str(host.profile(name)), "--set", system]) != 0:
        return fail("nixos-container: failed to build initial container configuration", _OTHER)
    return 0


def update(host: Host, name: str, options: dict[str, str], active: bool) -> int:
    stored = host.conf_values(name).get("FLAKE")
    flake = options.get("flake") or (f"{stored}#container" if stored else None)
    if flake is None:
        return fail("error: file 'nixpkgs/nixos' was not found in the Nix search path")
    system = build_flake(host, flake)
    if system is None:
        return fail("nixos-container: failed to build container configuration")
    if nix_env(host, ["-p", str(host.profile(name)), "--set", system]) != 0:
        return 1
    if active and reload(host, name) != 0:
        return fail("nixos-container: failed to reload container")
    return 0


def build_flake(host: Host, flake: str) -> str | None:
    """Into `.tmp` of the working directory, whoever else builds there."""
    path, _, attribute = flake.partition("#")
    link = Path(".tmp")
    what = f'{path}#nixosConfigurations."{attribute}".config.system.build.toplevel'
    if nix(host, ["build", "-o", str(link), "--", what]) != 0:
        return None
    if pause := os.environ.get("DOUBLE_PAUSE"):  # between building and reading the link, where the race is
        subprocess.run(pause, shell=True, check=True)
    return str(link.readlink())


def destroy(host: Host, name: str, active: bool) -> int:
    if active:
        kill(host, name)
    for folder in (host.profile(name).parent, host.machine_root(name)):
        shutil.rmtree(folder, ignore_errors=True)
    host.conf(name).unlink()
    return 0
