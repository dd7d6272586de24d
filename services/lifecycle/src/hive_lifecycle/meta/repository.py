"""The git repository of the swarm's flake: commits on main, prepared ones on branches with a worktree each.

A commit is made from texts, without index or working files; those follow it and are put right at the next change. So
a kill at any point leaves the old or the new commit, never a part. One writer at a time, which its caller sees to.
"""

import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import pygit2
from hive_kit import faults
from hive_kit.files import PUBLIC, forget_unfinished, write_atomically
from pygit2 import Blob, Commit, Index, Oid, Repository, Signature
from pygit2.enums import FileMode, ObjectType, SortMode

from hive_lifecycle.meta import libgit
from hive_lifecycle.meta.files import FLAKE, LOCK, Files

_AUTHOR = ("hyperhive", "hyperhive@localhost")
_MAIN = "refs/heads/main"
_PREPARED = "refs/heads/prepare/"
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_NAMES = (FLAKE, LOCK)


@dataclass(frozen=True)
class Prepared:
    """A change that waits: its commit, the one of main that it was made from, and what was asked for (a digest)."""

    commit: str
    base: str
    request: str


class MetaRepository:
    """The repository at `root`; worktrees of prepared changes lie beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trees = root.with_name(f"{root.name}.prepared")

    def head(self) -> str | None:
        """The commit that main is at."""
        return self._target(self._open(), _MAIN) if self._exists() else None

    def working(self) -> Files:
        """The files as they lie in the folder. Raises OSError, but not for a missing one."""
        return Files(*(_read(self.root / name) for name in _NAMES))

    def recover(self) -> Files:
        """Make the repository if need be, and put right what a killed writer left; the files of main."""
        self.root.mkdir(parents=True, exist_ok=True)
        if not self._exists():
            pygit2.init_repository(str(self.root), initial_head="main")
        git = self.root / ".git"
        for lock in (*git.glob("*.lock"), *(git / "refs").rglob("*.lock")):
            lock.unlink(missing_ok=True)
        for gone in (*self.trees.glob(".*.gone"), *(git / "worktrees").glob(".*.gone")):
            shutil.rmtree(gone)
        forget_unfinished(self.root)
        return self._files(_MAIN)

    def is_clean(self, files: Files) -> bool:
        """Whether index and working files are those of main."""
        try:
            return self.working() == files and not self._open().status(untracked_files="no")
        except (OSError, pygit2.GitError):
            return False

    def check_out(self, files: Files) -> None:
        """Write the files of main, and the index that goes with them."""
        for name, text in zip(_NAMES, (files.flake, files.lock), strict=True):
            if _differs(self.root / name, text):
                write_atomically(self.root / name, text, PUBLIC)
                faults.point(f"meta.check_out:{name}")
        index = self._index()
        index.clear()
        for name in _NAMES:
            index.add(name)
        index.write()

    def commit(self, files: Files, message: str, at_seconds: int) -> str:
        """Main goes on to those files."""
        repository = self._open()
        commit = self._create(repository, files, message, at_seconds)
        faults.point("meta.commit:created")
        repository.references.create(_MAIN, commit, force=True)
        faults.point("meta.commit:moved")
        self.check_out(files)
        faults.point("meta.commit:checked_out")
        return str(commit)

    def find(self, key: str, since: str | None = None) -> str | None:
        """The newest commit of main that finalized that key, not looking further back than `since`."""
        repository, head = self._open(), self.head()
        if head is None:
            return None
        walker = repository.walk(Oid(hex=head), SortMode.TOPOLOGICAL)
        if since is not None:
            walker.hide(Oid(hex=since))
        return next((str(found.id) for found in walker if _trailer(found, "Key") == key), None)

    def prepared(self, key: str) -> Prepared | None:
        """The change of that key which waits."""
        repository = self._open()
        target = self._target(repository, _branch(key))
        if target is None:
            return None
        commit = _commit(repository, target)
        return Prepared(target, str(commit.parent_ids[0]), _trailer(commit, "Request"))

    def prepare(self, key: str, files: Files, request: str, at_seconds: int) -> None:
        """A commit on a branch of its own, after main as it is now."""
        repository = self._open()
        message = f"prepare {key}\n\nRequest: {request}\n"
        commit = self._create(repository, files, message, at_seconds)
        faults.point("meta.prepare:created")
        repository.references.create(_branch(key), commit, force=True)
        faults.point("meta.prepare:branched")

    def tree(self, key: str) -> Path:
        """The worktree of what was prepared, whole; made anew where it isn't."""
        place = self.trees / key
        repository = self._open()
        if not self._is_whole(place, self._files(_branch(key))):
            self._drop_tree(repository, key)
            self.trees.mkdir(parents=True, exist_ok=True)
            repository.add_worktree(key, str(place), repository.references[_branch(key)])
            faults.point("meta.prepare:checked_out")
        return place

    def drop(self, key: str) -> None:
        """Nothing is left of what was prepared."""
        repository = self._open()
        self._drop_tree(repository, key)
        faults.point("meta.drop:tree")
        if (found := repository.references.get(_branch(key))) is not None:
            found.delete()

    def waiting(self) -> list[str]:
        """The keys of all that is prepared."""
        if not self._exists():
            return []
        names = self._open().references
        branches = {name.removeprefix(_PREPARED) for name in names if name.startswith(_PREPARED)}
        trees = {place.name for place in self.trees.iterdir()} if self.trees.is_dir() else set[str]()
        return sorted(key for key in branches | trees if _KEY.match(key))

    def files_of(self, commit: str) -> Files:
        """The files as that commit has them."""
        return _files(_commit(self._open(), commit))

    def _files(self, reference: str) -> Files:
        repository = self._open()
        target = self._target(repository, reference)
        return Files() if target is None else _files(_commit(repository, target))

    def _create(self, repository: Repository, files: Files, message: str, at_seconds: int) -> Oid:
        builder = repository.TreeBuilder()
        for name, text in zip(_NAMES, (files.flake, files.lock), strict=True):
            builder.insert(name, repository.create_blob(text.encode()), FileMode.BLOB)
        head = self.head()
        author = Signature(*_AUTHOR, at_seconds, 0)
        parents = [] if head is None else [Oid(hex=head)]
        return repository.create_commit(None, author, author, message, builder.write(), parents)

    def _is_whole(self, place: Path, files: Files) -> bool:
        try:
            there = libgit.open_repository(place)
            same = Files(*(_read(place / name) for name in _NAMES)) == files
            return same and not there.head_is_unborn and not there.status()
        except (OSError, pygit2.GitError):
            return False

    def _drop_tree(self, repository: Repository, key: str) -> None:
        for place in (self.trees / key, Path(repository.path) / "worktrees" / key):
            if place.exists():
                gone = place.with_name(f".{key}.{secrets.token_hex(4)}.gone")
                place.rename(gone)
                shutil.rmtree(gone)

    def _exists(self) -> bool:
        return (self.root / ".git" / "HEAD").is_file()

    def _open(self) -> Repository:
        return libgit.open_repository(self.root)

    def _target(self, repository: Repository, reference: str) -> str | None:
        found = repository.references.get(reference)
        return None if found is None else str(found.peel(ObjectType.COMMIT).id)

    def _index(self) -> Index:
        repository = self._open()
        try:
            return repository.index
        except pygit2.GitError:
            (Path(repository.path) / "index").unlink()
            return self._open().index


def _branch(key: str) -> str:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} can't be the key of a prepared change")
    return f"{_PREPARED}{key}"


def _commit(repository: Repository, full_id: str) -> Commit:
    return repository[Oid(hex=full_id)].peel(ObjectType.COMMIT)


def _files(commit: Commit) -> Files:
    return Files(*(_text(commit, name) for name in _NAMES))


def _text(commit: Commit, name: str) -> str:
    found = commit.tree / name if name in commit.tree else None
    return found.data.decode(errors="replace") if isinstance(found, Blob) else ""


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _differs(path: Path, text: str) -> bool:
    try:
        return not path.exists() or _read(path) != text
    except OSError:
        return True


def _trailer(commit: Commit, name: str) -> str:
    """The value of a line `name: value` after the first paragraph."""
    lines = commit.message.split("\n\n", 1)[-1].splitlines()
    found = (line.partition(": ") for line in reversed(lines))
    return next((value for key, _, value in found if key == name), "")
