"""Git's objects as they are stored: commits and trees taken apart strictly, without libgit2's leniency.

What is not exactly in git's own form is `Malformed`; what it may hold is decided elsewhere.
"""

import hashlib
import re
from dataclasses import dataclass, field

from hive_approvals.config_repo.entry_names import shown

KINDS = ("commit", "tree", "blob", "tag")
_ID = re.compile(rb"[0-9a-f]{40}\Z")
_WHO = re.compile(rb"[^<>\n\x00]*<[^<>\n\x00]*> [0-9]{1,12} [+-][0-9]{4}\Z")
_HEADERS = frozenset(
    {b"tree", b"parent", b"author", b"committer", b"encoding", b"gpgsig", b"gpgsig-sha256", b"mergetag"}
)
_DIRECTORY = b"40000"


class Malformed(Exception):
    """An object that is not in git's form; the text says how."""


@dataclass(frozen=True)
class Raw:
    """An object: one of `KINDS`, and its content without the header."""

    kind: str
    data: bytes = field(repr=False)

    def id(self) -> str:
        """Its name, worked out anew."""
        head = f"{self.kind} {len(self.data)}\0".encode()
        return hashlib.sha1(head + self.data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class RawCommit:
    """A commit's links, and what it says of itself."""

    tree: str
    parents: tuple[str, ...]
    words: bytes
    """Author, committer and message."""


@dataclass(frozen=True)
class Entry:
    """A line of a tree."""

    mode: bytes
    name: bytes
    id: str

    @property
    def is_folder(self) -> bool:
        return self.mode == _DIRECTORY


def commit(data: bytes) -> RawCommit:
    """Take a commit apart."""
    head, separator, message = data.partition(b"\n\n")
    if not separator:
        head, message = data.removesuffix(b"\n"), b""
    if b"\0" in data:
        raise Malformed("a commit holds a NUL character")
    lines = _unfolded(head)
    if [name for name, _ in lines[:1]] != [b"tree"]:
        raise Malformed("a commit does not begin with its tree")
    names = [name for name, _ in lines]
    unknown = sorted({name for name in names if name not in _HEADERS})
    if unknown:
        raise Malformed(f"a commit has the unknown header {shown(unknown[0][:40])!r}")
    parents = [value for name, value in lines if name == b"parent"]
    who = [value for name, value in lines if name in (b"author", b"committer")]
    if names[1 : len(parents) + 3] != [b"parent"] * len(parents) + [b"author", b"committer"] or len(who) != 2:
        raise Malformed("a commit's headers are not tree, parents, author, committer")
    if not all(_WHO.match(value) for value in who):
        raise Malformed("a commit's author or committer is not in git's form")
    ids = [_id(value) for value in (lines[0][1], *parents)]
    if len(set(ids[1:])) != len(ids[1:]):
        raise Malformed("a commit names a parent twice")
    return RawCommit(ids[0], tuple(ids[1:]), b"\n".join([*who, message]))


def tree(data: bytes) -> list[Entry]:
    """Take a tree apart; its entries are in git's order, each name once."""
    entries: list[Entry] = []
    at = 0
    while at < len(data):
        space, nul = data.find(b" ", at, at + 8), data.find(b"\0", at)
        if space < 0 or nul < space or nul + 21 > len(data):
            raise Malformed("a tree is cut off or garbled")
        entries.append(Entry(data[at:space], data[space + 1 : nul], data[nul + 1 : nul + 21].hex()))
        at = nul + 21
    keys = [entry.name + b"/" * entry.is_folder for entry in entries]
    if len({entry.name for entry in entries}) != len(entries):
        raise Malformed("a tree has two entries of one name")
    if keys != sorted(keys):
        raise Malformed("a tree's entries are not in git's order")
    return entries


def _unfolded(head: bytes) -> list[tuple[bytes, bytes]]:
    lines: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\n"):
        if line.startswith(b" ") and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + b"\n" + line[1:])
        else:
            name, _, value = line.partition(b" ")
            lines.append((name, value))
    return lines


def _id(value: bytes) -> str:
    if not _ID.match(value):
        raise Malformed("a commit names an object by something that is no id")
    return value.decode()
