"""The shipped Nix files themselves: they parse, they are tidy, the lock pins what it names."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.nix.evaluation import ROOT, environment, require_nix

FILES = sorted([ROOT / "flake.nix", *(ROOT / "nix").rglob("*.nix"), *(ROOT / "tests" / "nix").rglob("*.nix")])
TEMPLATE = sorted((ROOT / "services" / "approvals" / "src" / "hive_approvals" / "template").glob("*.nix"))
pytestmark = pytest.mark.xdist_group("nix")


@pytest.mark.spec("OPS-8", door="nix")
def test_every_file_parses(store: Path) -> None:
    require_nix()
    done = subprocess.run(
        ["nix-instantiate", "--parse", *map(str, [*FILES, *TEMPLATE])],
        capture_output=True, text=True, env=environment(store), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [*FILES, *TEMPLATE], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_tidy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n") and not text.endswith("\n\n")
    for number, line in enumerate(text.splitlines(), 1):
        assert line == line.rstrip(), f"{path}:{number} ends with a space"
        assert not line.startswith("\t"), f"{path}:{number} begins with a tab"


def test_the_lock_pins_every_input() -> None:
    lock = json.loads((ROOT / "flake.lock").read_text(encoding="utf-8"))
    assert lock["version"] == 7
    declared = set(re.findall(r"inputs\.([\w-]+)\.url", (ROOT / "flake.nix").read_text(encoding="utf-8")))
    assert set(lock["nodes"]["root"]["inputs"]) == declared
    for name in declared:
        locked = lock["nodes"][lock["nodes"]["root"]["inputs"][name]]["locked"]
        assert re.fullmatch(r"[0-9a-f]{40}", locked["rev"])
        assert re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", locked["narHash"])
        assert locked["lastModified"] > 0


def test_the_packages_that_nixos_installs_are_the_locked_ones() -> None:
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", (ROOT / "requirements.txt").read_text(encoding="utf-8")))
    wheels = json.loads((ROOT / "nix" / "packages" / "wheels.json").read_text(encoding="utf-8"))["wheels"]
    for system, files in wheels.items():
        assert {file["sha256"] for file in files} <= hashes, system
        names = [file["file"] for file in files]
        installed = {re.sub(r"[-_.]+", "-", name.split("-")[0]).lower() for name in names}
        # What only other systems need is in the lock, too.
        assert installed <= set(pinned), "./run lock"
        for project in sorted((ROOT / "libs").glob("*/pyproject.toml")) + sorted(
            (ROOT / "services").glob("*/pyproject.toml")
        ):
            wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
            bare = {re.split(r"[<>=!\[; ]", text)[0].lower() for text in wanted}
            assert {name for name in bare if not name.startswith("hive-")} <= installed, project
