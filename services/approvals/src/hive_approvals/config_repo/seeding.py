"""An agent's two repositories, made from the template and removed again: whole or not at all, also when killed.

`applied` is bare and only written here; its tag `deployed/0` is the start. `proposed` is a working copy that begins
at what is deployed and shares no file with it: who may write the one can't reach the other.
"""

import os
import secrets
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pygit2
from pygit2 import Signature
from pygit2.enums import FileMode

from hive_approvals.config_repo.libgit import BRANCH, START_TAG
from hive_approvals.config_repo.refs import AUTHOR

_FILES = ("agent.nix", "agent.toml", "flake.nix")


def make_applied(place: Path, agent: str, at_seconds: int) -> None:
    """The applied repository, unless it is there."""
    _appear(place, lambda folder: _start(folder, agent, at_seconds))


def make_proposed(place: Path, applied: Path) -> None:
    """The proposed repository, unless it is there."""
    _appear(place, lambda folder: _copy(folder, applied))


def vanish(place: Path) -> None:
    """Remove a repository; nothing happens where there is none."""
    if place.is_dir() and not place.is_symlink():
        place.rename(_beside(place))
    _sweep(place)


def _appear(place: Path, make: Callable[[Path], None]) -> None:
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    beside = _beside(place)
    make(beside)
    beside.rename(place)


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.{secrets.token_hex(4)}.new")


def _sweep(place: Path) -> None:
    for left_over in place.parent.glob(f".{place.name}.*.new"):
        shutil.rmtree(left_over)


def _start(folder: Path, agent: str, at_seconds: int) -> None:
    repository = pygit2.init_repository(str(folder), bare=True, initial_head=BRANCH)
    builder = repository.TreeBuilder()
    for name in _FILES:
        content = (resources.files("hive_approvals") / "template" / name).read_bytes()
        builder.insert(name, repository.create_blob(content), FileMode.BLOB)
    author = Signature(*AUTHOR, at_seconds, 0)
    message = f"{agent}: start from the template\n"
    commit = repository.create_commit(f"refs/heads/{BRANCH}", author, author, message, builder.write(), [])
    repository.references.create(f"refs/tags/{START_TAG}", commit)


def _copy(folder: Path, applied: Path) -> None:
    # As a URL: of a plain path, libgit2 makes a clone whose object files are hard links.
    repository = pygit2.clone_repository(  # pyright: ignore[reportUnknownMemberType]  # its callbacks have no types
        applied.absolute().as_uri(), str(folder), checkout_branch=BRANCH
    )
    repository.remotes.delete("origin")
    _open_to_group(folder)


def _open_to_group(folder: Path) -> None:
    """libgit2 checks files out for their owner alone to write; the manager writes them as a member of their group."""
    for here, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for file in (Path(here, name) for name in files):
            if not file.is_symlink():
                own = file.stat().st_mode & 0o700
                file.chmod(own | own >> 3)
