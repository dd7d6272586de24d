"""The shipped flake, evaluated by the real nix with a stand-in for nixpkgs: what it hands out, and that the swarm's own
flake, as lifecycle writes and locks it, gets agents' systems from it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hive_lifecycle.meta import Meta, NixLocker, Pin
from hive_wire.agent_config import AgentConfig

from tests.nix.evaluation import HERE, ROOT, environment, require_nix

TEMPLATE = ROOT / "services" / "approvals" / "src" / "hive_approvals" / "template"
NIXPKGS = """{
  outputs = _: let nixos = import ./stub-nixos.nix; in {
    lib = nixos.lib // {
      nixosSystem = { system, modules }: { inherit system; config = nixos.system modules; };
    };
    legacyPackages = { x86_64-linux = nixos.pkgs; aarch64-linux = nixos.pkgs; };
  };
}
"""
pytestmark = pytest.mark.xdist_group("nix")


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the flake whose nixpkgs is the stand-in."""
    require_nix()
    nixpkgs, flake = tmp_path_factory.mktemp("nixpkgs"), tmp_path_factory.mktemp("flake")
    (nixpkgs / "flake.nix").write_text(NIXPKGS, encoding="utf-8")
    for name in ("stub-nixos.nix", "mini-lib.nix"):
        shutil.copy(HERE / name, nixpkgs)
    text = (ROOT / "flake.nix").read_text(encoding="utf-8")
    (flake / "flake.nix").write_text(text.replace("github:NixOS/nixpkgs/nixos-unstable", f"path:{nixpkgs}"))
    shutil.copy(ROOT / "pyproject.toml", flake)
    shutil.copytree(ROOT / "nix", flake / "nix", ignore=shutil.ignore_patterns("__pycache__"))
    return flake


@pytest.mark.spec("OPS-8", door="nix")
@pytest.mark.spec("MET-1", door="nix")
async def test_the_swarms_flake_gets_every_agents_system_from_ours(
    flake: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(store).items():
        monkeypatch.setenv(name, value)
    pins = {name: _applied(tmp_path / "applied" / name, f'model = "{name}-1"\n') for name in ("coder", "manager")}
    nix = shutil.which("nix")
    assert nix is not None
    locker = NixLocker(Path(nix), tmp_path / "scratch", offline=True)
    meta = Meta(tmp_path / "meta", tmp_path / "applied", f"path:{flake}", locker)
    await meta.ensure(pins)
    seen = json.loads(_nix(
        store, "eval", "--json", "--no-update-lock-file", f"path:{meta.folder}#nixosConfigurations", "--apply",
        """builtins.mapAttrs (_: agent: {
          config = agent.config.environment.etc."hyperhive/agent.json".text;
          host = agent.config.networking.hostName;
          unit = agent.config.systemd.services.hyperhive-harness.serviceConfig.Type;
          nix = builtins.any (package: package.name == "nix") agent.config.environment.systemPackages;
        })""",
    ))  # fmt: skip
    assert {name: AgentConfig.model_validate_json(agent["config"]).model for name, agent in seen.items()} == {
        "coder": "coder-1", "manager": "manager-1",
    }  # fmt: skip
    assert [(name, agent["host"], agent["unit"], agent["nix"]) for name, agent in sorted(seen.items())] == [
        ("coder", "coder", "notify", False), ("manager", "manager", "notify", True),
    ]  # fmt: skip


@pytest.mark.spec("OPS-8", door="nix")
def test_the_flake_hands_out_its_modules(flake: Path, store: Path) -> None:
    names = _nix(store, "eval", "--json", f"path:{flake}#nixosModules", "--apply", "builtins.attrNames")
    assert json.loads(names) == ["agent-base", "default", "harness-base", "host", "manager"]


def _nix(store: Path, *words: str) -> str:
    done = subprocess.run(
        ["nix", "--offline", *words], capture_output=True, text=True, env=environment(store), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _applied(repository: Path, toml: str) -> Pin:
    """An applied repository as approvals makes it, with one commit on `main`."""
    work = repository.with_name(f"{repository.name}.work")
    shutil.copytree(TEMPLATE, work)
    (work / "agent.toml").write_text(toml, encoding="utf-8")
    for words in (
        ["init", "-q", "-b", "main", "."],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "start"],
        ["clone", "-q", "--bare", ".", str(repository)],
    ):
        subprocess.run(["git", *words], cwd=work, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
    shutil.rmtree(work)
    return Pin(commit=head.stdout.strip(), branch="main")
