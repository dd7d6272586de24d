"""An agent's two configuration repositories, made from the template.

`applied` is bare and only written here; its tag `deployed/0` is the start. `proposed` is a working copy that
begins at the same commit. Both appear whole or not at all, also when the process is killed on the way.
"""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pygit2
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, is_free_for_agents
from pygit2 import Repository, Signature
from pygit2.enums import FileMode

BRANCH = "main"
START_TAG = "deployed/0"
_FILES = ("agent.nix", "flake.nix")
_AUTHOR = ("hyperhive", "hyperhive@localhost")

# Agents' repositories belong to other users of this host by design; who may write them is decided by mounts.
pygit2.settings.owner_validation = False


@dataclass(frozen=True)
class ConfigRepos:
    """Where all agents' repositories lie."""

    proposed: Path
    applied: Path

    def seed(self, agent: str, at_seconds: int) -> str:
        """Make what is missing of an agent's repositories; returns the commit that `applied/main` is at.

        Refuses `bad_name` for a name that could be anything but one folder.
        """
        if agent != MANAGER and not is_free_for_agents(agent):
            raise Refusal(ErrorCode.BAD_NAME, f"{agent!r} can't be an agent's name", name=agent)
        applied = self.applied / agent
        _appear(applied, lambda folder: _make_applied(folder, agent, at_seconds))
        _appear(self.proposed / agent, lambda folder: _make_proposed(folder, applied))
        return str(Repository(str(applied)).lookup_branch(BRANCH).target)

    def remove(self, agent: str) -> None:
        """Remove both repositories; nothing happens where there are none."""
        if agent != MANAGER and not is_free_for_agents(agent):
            raise Refusal(ErrorCode.BAD_NAME, f"{agent!r} can't be an agent's name", name=agent)
        for folder in (self.proposed / agent, self.applied / agent):
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)


def _appear(place: Path, make: Callable[[Path], None]) -> None:
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    for left_over in place.parent.glob(f".{place.name}.*.new"):
        shutil.rmtree(left_over)
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.new")
    make(beside)
    beside.rename(place)


def _make_applied(folder: Path, agent: str, at_seconds: int) -> None:
    repository = pygit2.init_repository(str(folder), bare=True, initial_head=BRANCH)
    builder = repository.TreeBuilder()
    for name in _FILES:
        content = (resources.files("hive_approvals") / "template" / name).read_bytes()
        builder.insert(name, repository.create_blob(content), FileMode.BLOB)
    author = Signature(*_AUTHOR, at_seconds, 0)
    message = f"{agent}: start from the template\n"
    commit = repository.create_commit(f"refs/heads/{BRANCH}", author, author, message, builder.write(), [])
    repository.references.create(f"refs/tags/{START_TAG}", commit)


def _make_proposed(folder: Path, applied: Path) -> None:
    repository = pygit2.clone_repository(  # pyright: ignore[reportUnknownMemberType]  # its callbacks have no types
        str(applied), str(folder), checkout_branch=BRANCH
    )
    repository.remotes.delete("origin")
