"""The unified diff of a proposal, whole, in pages, and with a digest of everything that it is made from.

Only exact renames are shown as such, binary files as git's binary patches, so that no content is left out.
"""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

from hive_wire.approvals import DiffPart, FileStatus
from hive_wire.errors import ErrorCode, Refusal
from pygit2 import DiffFile, Patch, Repository
from pygit2.enums import DeltaStatus, DiffFind, DiffOption

from hive_approvals.config_repo.libgit import commit_of

_CONTEXT = 3
_PART_BYTES = 400
"""What a part needs in JSON beside its text and its names."""
_WIDEST = 6
"""The most bytes that JSON needs for a byte of UTF-8: a control character's escape."""
_STATUS = {
    DeltaStatus.ADDED: FileStatus.ADDED,
    DeltaStatus.DELETED: FileStatus.DELETED,
    DeltaStatus.MODIFIED: FileStatus.MODIFIED,
    DeltaStatus.RENAMED: FileStatus.RENAMED,
    DeltaStatus.TYPECHANGE: FileStatus.MODIFIED,
}


@dataclass(frozen=True)
class FilePatch:
    """One file's part of the diff, as bytes."""

    path: str
    old_path: str | None
    status: FileStatus
    old_mode: str | None
    new_mode: str | None
    old_id: str
    new_id: str
    binary: bool
    additions: int
    deletions: int
    raw: bytes = field(repr=False)

    @cached_property
    def text(self) -> str:
        """Bytes that are no UTF-8 stand as `\\xNN`."""
        return self.raw.decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Diff:
    """What a commit does to a base; None: to nothing."""

    base: str | None
    commit: str
    patches: tuple[FilePatch, ...] = field(repr=False)

    @property
    def files(self) -> int:
        return len(self.patches)

    @property
    def additions(self) -> int:
        return sum(patch.additions for patch in self.patches)

    @property
    def deletions(self) -> int:
        return sum(patch.deletions for patch in self.patches)

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex over base, commit, every path, mode and object id, and the patches' bytes."""
        result = hashlib.sha256()
        for patch in self.patches:
            old_path, modes = patch.old_path or "", f"{patch.old_mode} {patch.new_mode}"
            for text in (patch.path, old_path, patch.status, modes, patch.old_id, patch.new_id):
                result.update(_framed(text.encode()))
            result.update(_framed(patch.raw))
        ends = f"hyperhive diff 1\0{self.base}\0{self.commit}\0{self.files}\0".encode()
        return hashlib.sha256(ends + result.digest()).hexdigest()

    def page(self, cursor: str | None, max_bytes: int) -> tuple[list[DiffPart], str | None]:
        """Parts from the cursor on that need at most `max_bytes` in JSON, and the cursor of the page after.

        All pages' texts in a row are the whole diff. A page has something of at least one file, however small
        `max_bytes` is. Refuses `bad_request` for a cursor that no page of this diff gave.
        """
        number, at = self._place(cursor)
        parts: list[DiffPart] = []
        room = max_bytes
        while number < self.files:
            patch = self.patches[number]
            room -= _PART_BYTES + _WIDEST * (len(patch.path.encode()) + len((patch.old_path or "").encode()))
            end = _end(patch.text, at, room, force=not parts)
            if end == at and at < len(patch.text):
                return parts, f"{number}:{at}"
            text = patch.text[at:end]
            room -= _needed(text)
            parts.append(_part(number, patch, text, continues=end < len(patch.text)))
            if end < len(patch.text):
                return parts, f"{number}:{end}"
            number, at = number + 1, 0
        return parts, None

    def _place(self, cursor: str | None) -> tuple[int, int]:
        if cursor is None:
            return 0, 0
        number, separator, at = cursor.partition(":")
        if not (separator and number.isascii() and number.isdecimal() and at.isascii() and at.isdecimal()):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{cursor!r} is no cursor of this diff", cursor=cursor)
        place = int(number), int(at)
        if place[0] >= self.files or place[1] > len(self.patches[place[0]].text):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{cursor!r} is no cursor of this diff", cursor=cursor)
        return place


def diff_of(repository: Repository, base: str | None, commit: str) -> Diff:
    """The diff of two commits. Refuses `unknown_commit`."""
    tree = commit_of(repository, commit).tree
    flags = DiffOption.SHOW_BINARY | DiffOption.INCLUDE_TYPECHANGE
    if base is None:
        made = tree.diff_to_tree(flags=flags, context_lines=_CONTEXT, swap=True)
    else:
        made = commit_of(repository, base).tree.diff_to_tree(tree, flags=flags, context_lines=_CONTEXT)
    made.find_similar(flags=DiffFind.FIND_RENAMES | DiffFind.FIND_EXACT_MATCH_ONLY)
    return Diff(base, commit, tuple(_file(patch) for patch in made if patch is not None))


def _file(patch: Patch) -> FilePatch:
    delta = patch.delta
    status = _STATUS[DeltaStatus(delta.status)]
    old = None if status is FileStatus.ADDED else delta.old_file
    new = None if status is FileStatus.DELETED else delta.new_file
    _context, additions, deletions = patch.line_stats
    return FilePatch(
        path=_name(new or delta.old_file),
        old_path=_name(delta.old_file) if status is FileStatus.RENAMED else None,
        status=status,
        old_mode=f"{old.mode:06o}" if old else None,
        new_mode=f"{new.mode:06o}" if new else None,
        old_id=str(delta.old_file.id),
        new_id=str(delta.new_file.id),
        binary=bool(delta.is_binary),
        additions=additions,
        deletions=deletions,
        raw=patch.data,
    )


def _name(file: DiffFile) -> str:
    return file.raw_path.decode("utf-8", "backslashreplace")


def _part(number: int, patch: FilePatch, text: str, *, continues: bool) -> DiffPart:
    return DiffPart(
        number=number,
        path=patch.path,
        old_path=patch.old_path,
        status=patch.status,
        old_mode=patch.old_mode,
        new_mode=patch.new_mode,
        binary=patch.binary,
        additions=patch.additions,
        deletions=patch.deletions,
        text=text,
        continues=continues,
    )


def _end(text: str, at: int, room: int, *, force: bool) -> int:
    """How far `text` fits into `room` bytes of JSON from `at` on: to a line's end, or within a line of its own page."""
    end = at
    while end < len(text):
        line_end = text.find("\n", end) + 1 or len(text)
        # a line that can't fit is not measured
        needed = room + 1 if line_end - end > room else _needed(text[end:line_end])
        if needed > room:
            break
        room -= needed
        end = line_end
    if end == at and force and end < len(text):
        return min(len(text), text.find("\n", at) + 1 or len(text), at + max(1, room // _WIDEST))
    return end


def _needed(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data
