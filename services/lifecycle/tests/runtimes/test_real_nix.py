"""A build by real nix, with a store of its own: what it prints, what it leaves, what it says when it fails."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import BuildFailed, NixosRuntime, NixosSettings

pytestmark = pytest.mark.skipif(
    shutil.which("nix") is None, reason="no nix here to build a system with; try: apt-get install -y nix-bin"
)

FLAKE = """
{
  outputs = _: {
    nixosConfigurations.bob.config.system.build.toplevel = derivation {
      name = "nixos-system-bob";
      system = "SYSTEM";
      builder = "/bin/sh";
      args = [ "-c" "SCRIPT" ];
    };
  };
}
"""


@pytest.fixture
def nix(tmp_path, monkeypatch):
    """A runtime with a store of its own; nothing of the host's nix is read or written."""
    place = tmp_path / "nix"
    for variable, folder in (("STORE", "store"), ("STATE", "var"), ("LOG", "log"), ("CONF", "conf")):
        (place / folder).mkdir(parents=True)
        monkeypatch.setenv(f"NIX_{variable}_DIR", str(place / folder))
    monkeypatch.setenv("NIX_CONFIG", "sandbox = false\nbuild-users-group =\nsubstituters =\nflake-registry =\n")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.delenv("NIX_REMOTE", raising=False)
    yield NixosRuntime(tmp_path / "nixos", NixosSettings(store=place / "store"))
    subprocess.run(["chmod", "-R", "u+w", place], check=True)


def flake(folder: Path, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    system = f"{platform.machine()}-linux"
    (folder / "flake.nix").write_text(FLAKE.replace("SYSTEM", system).replace("SCRIPT", script))
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


def roots() -> str:
    """What keeps systems from being collected."""
    return subprocess.run(["nix-store", "--gc", "--print-roots"], capture_output=True, text=True, check=True).stdout


@pytest.mark.spec("LIF-6", door="nix")
async def test_real_nix_builds_a_system_and_tells_what_its_builder_printed(nix, tmp_path):
    lines: list[str] = []
    system = await nix.build("bob", flake(tmp_path / "flake", "echo at work; echo made > $out"), lines.append)
    assert Path(system).read_text() == "made\n"
    assert str((tmp_path / "nixos/bob/built").readlink()) == system
    assert any(line.endswith("> at work") for line in lines)
    assert f"{tmp_path}/nixos/bob/built -> {system}" in roots()


async def test_a_builder_of_real_nix_that_fails_is_a_failed_build_that_says_so(nix, tmp_path):
    lines: list[str] = []
    with pytest.raises(BuildFailed, match=r"nixos-system-bob.* failed with exit code 3"):
        await nix.build("bob", flake(tmp_path / "flake", "echo no way; exit 3"), lines.append)
    assert any("no way" in line for line in lines)
    assert not (tmp_path / "nixos/bob/built").exists()


async def test_a_flake_of_real_nix_that_does_not_have_the_agent_is_a_failed_build(nix, tmp_path):
    with pytest.raises(BuildFailed, match="does not provide attribute"):
        await nix.build("carol", flake(tmp_path / "flake", "exit 0"), print)
