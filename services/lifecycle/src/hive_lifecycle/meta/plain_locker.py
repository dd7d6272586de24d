"""Locks inputs without nix, for hosts that have none: writes what nix itself would, so that nix takes it over as is.

Knows `git+file:` and `path:` sources. A folder that is no flake is not hashed: nobody can evaluate it anyway.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pygit2
from pygit2 import Blob, Commit, Oid, Repository
from pygit2.enums import ObjectType, SortMode

from hive_lifecycle.meta import libgit, nar
from hive_lifecycle.meta.errors import broken_lock
from hive_lifecycle.meta.flake_text import urls
from hive_lifecycle.meta.in_thread import in_thread
from hive_lifecycle.meta.lock_file import LockFile, parse
from hive_lifecycle.meta.lock_node import Attributes, Links, Node
from hive_lifecycle.meta.locker import LockRequest, Output


@dataclass(frozen=True)
class PlainLocker:
    """The locker of hosts without nix."""

    async def lock(self, request: LockRequest, output: Output) -> LockFile:
        """As `Locker.lock`."""
        lock = await in_thread(_lock, request)
        for name in sorted({*request.pins, *(set(lock.names()) - set(request.lock.names()))}):
            node = lock.input(name)
            output(f"locked {name}: {(node.revision if node else None) or 'as it is'}")
        return lock


@dataclass(frozen=True)
class Source:
    """An input that is locked, and its own lock file where it has one."""

    node: Node
    lock: str | None = None


def _lock(request: LockRequest) -> LockFile:
    wanted = urls(request.flake)
    lock = request.lock.without(set(request.lock.names()) - set(wanted))
    for name, url in wanted.items():
        pinned = request.pins.get(name)
        if pinned is not None:
            lock = lock.with_node(name, git_source(url, pinned.repository, pinned.pin.branch, pinned.pin.commit).node)
        elif lock.input(name) is None:
            lock = _with_source(lock, name, _newest(url))
    return lock


def _newest(url: str) -> Source:
    parts = urlsplit(url)
    place = Path(unquote(parts.path))
    if parts.scheme == "path":
        return _folder(place)
    if parts.scheme != "git+file":
        raise broken_lock(f"{url!r} can't be locked without nix; git+file: and path: can")
    try:
        repository = libgit.open_repository(place)
        head = repository.revparse_single(dict(parse_qsl(parts.query)).get("ref", "HEAD")).peel(ObjectType.COMMIT)
        branch = dict(parse_qsl(parts.query)).get("ref", repository.head.name)
        return git_source(url, place, branch, str(head.id))
    except (pygit2.GitError, KeyError, ValueError) as error:
        raise broken_lock(f"{url!r} can't be locked: {error}") from error


def git_source(url: str, place: Path, branch: str, revision: str) -> Source:
    """An input at that commit, which the branch has."""
    parts = urlsplit(url)
    bare = parts._replace(scheme="file", query="").geturl()
    original: Attributes = {"type": "git", "url": bare, **dict(parse_qsl(parts.query))}
    repository = libgit.open_repository(place)
    commit = repository[Oid(hex=revision)].peel(ObjectType.COMMIT)
    locked: Attributes = {
        "lastModified": commit.commit_time,
        "narHash": nar.of_tree(commit.tree),
        "ref": branch,
        "rev": revision,
        "revCount": _count(repository, commit),
        "type": "git",
        "url": bare,
    }
    return Source(Node(locked=locked, original=original), _lock_of(commit))


def _count(repository: Repository, commit: Commit) -> int:
    return sum(1 for _ in repository.walk(commit.id, SortMode.NONE))


def _lock_of(commit: Commit) -> str | None:
    found = commit.tree / "flake.lock" if "flake.lock" in commit.tree else None
    return found.data.decode(errors="replace") if isinstance(found, Blob) else None


def _folder(place: Path) -> Source:
    original: Attributes = {"path": str(place), "type": "path"}
    if not (place / "flake.nix").is_file():
        return Source(Node(locked={**original}, original=original))
    try:
        locked: Attributes = {**original, "narHash": nar.of_folder(place), "lastModified": _changed(place)}
        own = place / "flake.lock"
        return Source(Node(locked=locked, original=original), own.read_text() if own.is_file() else None)
    except (OSError, ValueError) as error:
        raise broken_lock(f"{place} can't be locked: {error}") from error


def _changed(place: Path) -> int:
    return max(int(found.lstat().st_mtime) for found in (place, *place.rglob("*")))


def _with_source(lock: LockFile, name: str, source: Source) -> LockFile:
    """The input, and below it what its own lock file says: nix takes that over in the same way."""
    if source.lock is None:
        return lock.with_node(name, source.node)
    own = parse(source.lock)
    nodes = {key: node.linked(_below(name, node.links)) for key, node in own.nodes.items()}
    top = source.node.linked(nodes[own.root].links)
    return lock.with_input(name, LockFile({**nodes, own.root: top}, own.root), own.root)


def _below(name: str, links: Links) -> Links:
    """A path from the input's own root is one from ours when the input's name stands before it."""
    return {key: link if isinstance(link, str) else [name, *link] for key, link in links.items()}
