"""Configuration repositories, looked at with git itself."""

import subprocess
from pathlib import Path

import pytest
from hive_approvals.config_repo import ConfigRepos
from hive_kit.testing import ServiceProcess, swarm_nats
from hive_wire import approvals as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import Role


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", f"safe.directory={folder}", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_both_repositories_start_at_the_templates_commit(tmp_path: Path) -> None:
    repos = ConfigRepos(tmp_path / "proposed", tmp_path / "applied")
    commit = repos.seed("scout", 1_700_000_000)
    applied, proposed = tmp_path / "applied" / "scout", tmp_path / "proposed" / "scout"
    assert _git(applied, "rev-parse", "main", "deployed/0").split() == [commit, commit]
    assert _git(proposed, "rev-parse", "HEAD") == commit
    assert _git(proposed, "status", "--porcelain", "--branch") == "## main"
    assert _git(proposed, "remote") == ""
    assert _git(applied, "ls-tree", "--name-only", "main").split() == ["agent.nix", "agent.toml", "flake.nix"]
    assert "import ./agent.nix" in (proposed / "flake.nix").read_text()
    _git(applied, "fsck", "--strict")


def test_seeding_again_changes_nothing_and_repairs_what_is_missing(tmp_path: Path) -> None:
    repos = ConfigRepos(tmp_path / "proposed", tmp_path / "applied")
    commit = repos.seed("scout", 1_700_000_000)
    (tmp_path / "applied" / ".scout.dead.new").mkdir()
    (tmp_path / "proposed" / "scout").rename(tmp_path / "elsewhere")
    assert repos.seed("scout", 1_800_000_000) == commit
    assert _git(tmp_path / "proposed" / "scout", "rev-parse", "HEAD") == commit


@pytest.mark.parametrize("name", ["../scout", "a/b", "", ".", "operator", "Scout", "a" * 32])
def test_a_name_that_is_no_agents_is_refused(tmp_path: Path, name: str) -> None:
    repos = ConfigRepos(tmp_path / "proposed", tmp_path / "applied")
    for act in (lambda: repos.seed(name, 0), lambda: repos.remove(name)):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code is ErrorCode.BAD_NAME
    assert list(tmp_path.iterdir()) == []


async def test_a_spawn_without_approval_is_recorded_once(tmp_path: Path) -> None:
    async with swarm_nats(tmp_path / "nats") as nats:
        approvals = ServiceProcess("hive_approvals", nats.settings("approvals"), nats.folder)
        await approvals.start()
        try:
            lifecycle = await nats.bus("lifecycle")
            request = wire.SeedRequest(agent="scout", role=Role.AGENT, requested_by="operator")
            first = await lifecycle.call(wire.SEED_REPOS, request)
            assert await lifecycle.call(wire.SEED_REPOS, request) == first
            assert _git(nats.folder / "config" / "applied" / "scout", "rev-parse", "main") == first.commit
            await lifecycle.call(wire.REMOVE_REPOS, wire.ReposRequest(agent="scout"))
            assert not (nats.folder / "config" / "proposed" / "scout").exists()
        finally:
            approvals.kill()
