"""`./run lock` writes nix/packages/wheels.json: which file of each locked Python package NixOS installs, by platform.
Where it is fetched from is nixpkgs' matter.

The versions are those of requirements.txt, so that what was tested is what is shipped."""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = "3.13"
FROM_SOURCE = {"claude-agent-sdk"}
"""Its wheels carry Claude Code, which is unfree; that one comes from nixpkgs."""
PLATFORMS = {"x86_64-linux": "x86_64-manylinux_2_28", "aarch64-linux": "aarch64-manylinux_2_28"}


def main() -> None:
    wheels = {system: locked(platform) for system, platform in PLATFORMS.items()}
    text = json.dumps({"python": PYTHON, "wheels": wheels}, indent=1, sort_keys=True) + "\n"
    (ROOT / "nix" / "packages" / "wheels.json").write_text(text, encoding="utf-8")


def locked(platform: str) -> list[dict[str, str]]:
    """The best wheel of each package for one platform."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "pylock.toml"
        subprocess.run(
            [
                str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--no-deps", "--generate-hashes",
                "--python-version", PYTHON, "--python-platform", platform, "--format", "pylock.toml",
                "--output-file", str(found), str(ROOT / "requirements.txt"),
            ],
            check=True,
        )  # fmt: skip
        packages = tomllib.loads(found.read_text(encoding="utf-8"))["packages"]
    return [best(package) for package in packages]


def best(package: dict[str, Any]) -> dict[str, str]:  # Any: TOML of different shapes
    """The file to install: a wheel of this platform, else one for any, else the source."""
    wheels = sorted(package.get("wheels", []), key=lambda wheel: "-none-any" in wheel["url"])
    if package["name"] in FROM_SOURCE:
        wheels = []
    file = wheels[0] if wheels else package["sdist"]
    return {"file": file["url"].rpartition("/")[2], "sha256": file["hashes"]["sha256"]}


if __name__ == "__main__":
    main()
