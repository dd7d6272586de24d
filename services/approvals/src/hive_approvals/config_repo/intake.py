"""Bringing a proposed commit into the applied repository, with all that it needs and nothing that it may not have.

Everything is read and checked first and written last, children before their parents: what the applied repository
has is whole, so the walk stops at what is there.
"""

from dataclasses import dataclass

from hive_wire.errors import ErrorCode, Refusal
from pygit2 import Oid, Repository
from pygit2.enums import ObjectType

from hive_approvals.config_repo import raw
from hive_approvals.config_repo.entry_names import LONGEST_PATH, problem_of, shown
from hive_approvals.config_repo.proposed import ProposedObjects
from hive_approvals.config_repo.raw import Entry, Malformed, Raw, RawCommit
from hive_approvals.config_repo.storing import TYPES, store

BLOB_BYTES = 1 << 20
COMMIT_BYTES = 64 << 10
TOTAL_BYTES = 16 << 20
TREE_BYTES = 32 << 20
FILES = 2000
COMMITS = 5000
OBJECTS = 50_000
FOLDERS_DEEP = 40
_PROBLEMS = 50
_LIMITS = {"blob": BLOB_BYTES, "tree": BLOB_BYTES, "commit": COMMIT_BYTES, "tag": 0}
_KINDS = {kind: name for name, kind in TYPES.items()}
_FORBIDDEN_MODES = {b"120000": "is a symbolic link", b"160000": "is a submodule"}
_FILE_MODES = frozenset({b"100644", b"100755"})


@dataclass(frozen=True)
class _Extent:
    """How much hangs below a folder."""

    files: int
    bytes: int
    longest: int
    """The length in bytes of the longest path below it."""


class _TooManyProblems(Exception):
    """Enough to be refused with."""


class Intake:
    """One commit's way in. Refuses `bad_proposal` with everything that is wrong, before anything is written."""

    def __init__(self, source: ProposedObjects, target: Repository) -> None:
        self._source = source
        self._target = target
        self._new: dict[str, Raw] = {}
        """In the order in which they are to be written."""
        self._bytes = 0
        self._extents: dict[str, _Extent] = {}
        self._problems: list[dict[str, str]] = []

    def run(self, commit: str) -> None:
        """Check the commit and what it brings, and write what is new."""
        try:
            commits = self._commits(commit)
            for oid, content in commits:
                self._check_extent(self._folder(content.tree, b"", oid), oid)
            for oid, _ in commits:
                self._write_last(oid)
        except Malformed as error:
            self._problems.append({"path": "", "problem": str(error)})
        except _TooManyProblems:
            pass
        if self._problems:
            first = self._problems[0]
            text = f"{first['path']}: {first['problem']}" if first["path"] else first["problem"]
            raise Refusal(ErrorCode.BAD_PROPOSAL, f"the commit can't be deployed: {text}", problems=self._problems)
        store(self._target, self._new)

    def _commits(self, start: str) -> list[tuple[str, RawCommit]]:
        """The start and the new commits before it, parents before their children."""
        known: dict[str, RawCommit] = {}
        done: dict[str, None] = {}
        waiting = [start]
        while waiting:
            oid = waiting[-1]
            if oid not in known:
                known[oid] = self._commit(oid)
                if len(known) > COMMITS:
                    raise Malformed(f"there are more than {COMMITS} new commits")
            ahead = [p for p in known[oid].parents if p not in known and self._kind_there(p) != "commit"]
            if ahead:
                waiting.extend(ahead)
                continue
            done[waiting.pop()] = None
        return [(oid, known[oid]) for oid in done if oid in self._new or oid == start]

    def _commit(self, oid: str) -> RawCommit:
        content = self._get(oid, "commit").data
        try:
            return raw.commit(content)
        except Malformed as error:
            raise Malformed(f"in {oid}, {error}") from error

    def _folder(self, oid: str, path: bytes, commit: str) -> _Extent:
        if oid in self._extents:
            return self._extents[oid]
        if path.count(b"/") > FOLDERS_DEEP:
            raise Malformed(f"folders are nested deeper than {FOLDERS_DEEP}: {shown(path)}")
        files = size = longest = 0
        for entry in self._entries(oid, path):
            below = self._entry(entry, path + entry.name, commit)
            files += below.files
            size += below.bytes
            longest = max(longest, len(entry.name) + below.longest)
        self._write_last(oid)
        self._extents[oid] = _Extent(files, size, longest)
        return self._extents[oid]

    def _entries(self, oid: str, path: bytes) -> list[Entry]:
        try:
            return raw.tree(self._get(oid, "tree").data)
        except Malformed as error:
            self._problem(path, str(error))
            return []

    def _entry(self, entry: Entry, path: bytes, commit: str) -> _Extent:
        problem = problem_of(entry.name) or _FORBIDDEN_MODES.get(entry.mode)
        if problem is None and not entry.is_folder and entry.mode not in _FILE_MODES:
            problem = f"has the mode {shown(entry.mode)}, which is neither a file's nor a folder's"
        if problem is not None:
            self._problem(path, problem)
            return _Extent(1, 0, 0)
        if entry.is_folder:
            below = self._folder(entry.id, path + b"/", commit)
            return _Extent(below.files, below.bytes, below.longest + 1)
        try:
            return _Extent(1, self._size(entry.id), 0)
        except Malformed as error:
            self._problem(path, str(error))
            return _Extent(1, 0, 0)

    def _size(self, blob: str) -> int:
        data = self._get(blob, "blob").data
        return len(data) if blob in self._new else self._target.odb.read_header(blob)[1]

    def _get(self, oid: str, kind: str) -> Raw:
        """The object, from the applied repository or else as a new one. `Malformed` unless it is a `kind`."""
        there = self._kind_there(oid)
        if there is not None:
            found = Raw(there, b"") if there == kind == "blob" else self._there(oid)
        elif oid in self._new:
            found = self._new[oid]
        else:
            found = self._take(oid, kind)
        if found.kind != kind:
            raise Malformed(f"the object {oid} is a {found.kind} where a {kind} is named")
        return found

    def _take(self, oid: str, kind: str) -> Raw:
        found = self._source.read(oid, _LIMITS[kind])
        if found is None:
            raise Malformed(
                f"the object {oid} is missing; what lies outside the proposed repository itself is not looked for"
            )
        if found.kind != kind:
            raise Malformed(f"the object {oid} is a {found.kind} where a {kind} is named")
        self._new[oid] = found
        self._bytes += len(found.data)
        if self._bytes > TOTAL_BYTES:
            raise Malformed(f"there are more than {TOTAL_BYTES} new bytes")
        if len(self._new) > OBJECTS:
            raise Malformed(f"there are more than {OBJECTS} new objects")
        return found

    def _kind_there(self, oid: str) -> str | None:
        if Oid(hex=oid) not in self._target.odb:
            return None
        kind, _size = self._target.odb.read_header(oid)
        return _KINDS[ObjectType(kind)]

    def _there(self, oid: str) -> Raw:
        kind, data = self._target.odb.read(oid)
        return Raw(_KINDS[ObjectType(kind)], data)

    def _check_extent(self, extent: _Extent, commit: str) -> None:
        if extent.files > FILES:
            raise Malformed(f"the commit {commit} has {extent.files} files; {FILES} are allowed")
        if extent.bytes > TREE_BYTES:
            raise Malformed(f"the commit {commit} has {extent.bytes} bytes in all; {TREE_BYTES} are allowed")
        if extent.longest > LONGEST_PATH:
            raise Malformed(f"the commit {commit} has a path of more than {LONGEST_PATH} bytes")

    def _problem(self, path: bytes | str, problem: str) -> None:
        self._problems.append({"path": shown(path).rstrip("/"), "problem": problem})
        if len(self._problems) >= _PROBLEMS:
            raise _TooManyProblems

    def _write_last(self, oid: str) -> None:
        if oid in self._new:
            self._new[oid] = self._new.pop(oid)
