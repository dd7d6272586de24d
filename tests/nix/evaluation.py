"""Evaluating the project's Nix files with the real `nix`, and writing what they generate where a test wants it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MISSING = "nix is not installed: sudo apt-get install nix-bin"
_GENERATED = re.compile(r"«(?P<kind>dir:)?(?P<name>[^»]+)»(?P<text>.*?)«end»", re.DOTALL)
_IN_STORE = re.compile(r"/[^\s:=]*/store/[a-z0-9]{32}-(?P<name>[\w.-]+)")


class EvaluationError(Exception):
    """What nix said."""


def require_nix() -> None:
    """Skips the test where there is no nix."""
    if shutil.which("nix-instantiate") is None:
        pytest.skip(MISSING)


def evaluate(expression: str, store: Path) -> Any:  # Any: JSON of the expression's shape
    """The value of an expression, in which `nixos` is the stand-in for NixOS. Raises EvaluationError."""
    require_nix()
    with_nixos = f"let nixos = import {HERE}/stub-nixos.nix; in {expression}"
    command = ["nix-instantiate", "--eval", "--strict", "--json", "--expr", with_nixos]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(store), check=False)
    if done.returncode:
        raise EvaluationError(done.stderr)
    return json.loads(done.stdout)


def environment(store: Path) -> dict[str, str]:
    """For nix: a store of its own, nothing from the network, no settings of the machine."""
    folders = {f"NIX_{name}_DIR": str(store / name.lower()) for name in ("STATE", "LOG", "CONF", "LOCALSTATE")}
    settings = "experimental-features = nix-command flakes\nflake-registry =\nsubstituters =\nsandbox = false"
    return {
        **os.environ, **folders, "NIX_STORE_DIR": str(store / "store"), "NIX_CONFIG": settings, "HOME": str(store),
    }  # fmt: skip


def host_units(store: Path, configuration: str = "") -> dict[str, str]:
    """The units of a host with a swarm, by file name; `configuration` are further settings of `services.hyperhive`."""
    return evaluate(
        f"""nixos.units (nixos.system [
          {ROOT}/nix/modules/host
          {{
            services.hyperhive = {{
              enable = true;
              package = nixos.package "hyperhive";
              flake = "path:/package/source";
            }};
          }}
          {{ services.hyperhive = {{ {configuration} }}; }}
        ])""",
        store,
    )


def generated(text: str) -> dict[str, str]:
    """The files that a unit's text brings along, by name."""
    return {found["name"]: found["text"] for found in _GENERATED.finditer(text)}


def placed(text: str, folder: str) -> str:
    """The text with every generated file, and every file of ours in the store, as if it lay in `folder`."""
    named = _GENERATED.sub(lambda found: f"{folder}{'' if found['kind'] else '/' + found['name']}", text)
    return _IN_STORE.sub(lambda found: f"{folder}/{found['name']}", named)
