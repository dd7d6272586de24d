"""The hash that nix gives to a tree of files: SHA-256 over its archive format, for a git tree or a folder.

Attributes of git (`export-ignore`, line endings) are not applied. Format: nix's manual, "Nix Archive (NAR) Format".
"""

import base64
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pygit2 import Blob, Object, Tree
from pygit2.enums import FileMode

_CHUNK = 1 << 20


def of_tree(tree: Tree) -> str:
    """The `narHash` of a commit's tree; submodules are empty folders, as nix has them."""
    return _hash(_archive(_git_node(tree, FileMode.TREE)))


def of_folder(folder: Path) -> str:
    """The `narHash` of a folder of this host. Raises OSError, and ValueError for a socket or device."""
    return _hash(_archive(_disk_node(folder)))


def _hash(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return "sha256-" + base64.b64encode(digest.digest()).decode()


def _archive(node: Iterator[bytes]) -> Iterator[bytes]:
    yield _text(b"nix-archive-1")
    yield from node


def _git_node(found: Object | None, mode: int) -> Iterator[bytes]:
    if isinstance(found, Tree):
        entries = sorted((entry.raw_name or b"", entry) for entry in found)
        yield from _directory((name, _git_node(entry, entry.filemode)) for name, entry in entries)
    elif not isinstance(found, Blob):
        yield from _directory(iter(()))
    elif mode == FileMode.LINK:
        yield _link(found.data)
    else:
        yield from _file(mode == FileMode.BLOB_EXECUTABLE, found.size, iter([found.data]))


def _disk_node(place: Path) -> Iterator[bytes]:
    found = place.lstat()
    if stat.S_ISDIR(found.st_mode):
        names = sorted(os.fsencode(name) for name in os.listdir(place))  # noqa: PTH208  # names, to be sorted as bytes
        yield from _directory((name, _disk_node(place / os.fsdecode(name))) for name in names)
    elif stat.S_ISLNK(found.st_mode):
        yield _link(os.fsencode(os.readlink(place)))  # noqa: PTH115  # the text of the link as it is
    elif stat.S_ISREG(found.st_mode):
        yield from _file(bool(found.st_mode & stat.S_IXUSR), found.st_size, _content(place))
    else:
        raise ValueError(f"{place} is neither a file, a folder nor a link")


def _content(place: Path) -> Iterator[bytes]:
    with place.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def _directory(entries: Iterator[tuple[bytes, Iterator[bytes]]]) -> Iterator[bytes]:
    yield _texts(b"(", b"type", b"directory")
    for name, node in entries:
        yield _texts(b"entry", b"(", b"name", name, b"node")
        yield from node
        yield _text(b")")
    yield _text(b")")


def _link(target: bytes) -> bytes:
    return _texts(b"(", b"type", b"symlink", b"target", target, b")")


def _file(executable: bool, size: int, content: Iterator[bytes]) -> Iterator[bytes]:
    yield _texts(b"(", b"type", b"regular", *((b"executable", b"") if executable else ()), b"contents")
    yield size.to_bytes(8, "little")
    yield from content
    yield _padding(size) + _text(b")")


def _texts(*texts: bytes) -> bytes:
    return b"".join(map(_text, texts))


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text + _padding(len(text))


def _padding(size: int) -> bytes:
    return bytes(-size % 8)
