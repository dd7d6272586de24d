"""Reading an agent's log, whose writer (the shim) puts the file aside as `log.1` when it is full.

A cursor is a file's inode, an offset, and a checksum of what lies before it: inodes are used again.
"""

import os
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hive_lifecycle.runtimes.interface import LogPage

_BLOCK = 65536
_CHECKED_BYTES = 64
_PAUSE_SECONDS = 1.0
_BEGINNING = "0-0-0"


@dataclass(frozen=True)
class _Piece:
    """One of the two files, as long as it was when it was opened."""

    stream: BinaryIO
    inode: int
    size: int
    changed: float

    def blocks(self, offset: int) -> Iterator[bytes]:
        self.stream.seek(offset)
        while offset < self.size and (data := self.stream.read(min(_BLOCK, self.size - offset))):
            offset += len(data)
            yield data

    def cursor(self, offset: int) -> str:
        return f"{self.inode}-{offset}-{self._checksum(offset):x}"

    def holds(self, cursor: tuple[int, int, int]) -> bool:
        inode, offset, checksum = cursor
        return inode == self.inode and 0 <= offset <= self.size and checksum == self._checksum(offset)

    def _checksum(self, offset: int) -> int:
        first = max(0, offset - _CHECKED_BYTES)
        self.stream.seek(first)
        return zlib.crc32(self.stream.read(offset - first))


def read_page(log: Path, lines: int, after: str | None) -> LogPage:
    """The last lines of both files, or the first ones behind a cursor."""
    with ExitStack() as stack:
        pieces = _open(log, stack)
        if not pieces:
            return LogPage((), _BEGINNING, cut=after not in (None, _BEGINNING))
        return _last(pieces, lines) if after is None else _next(pieces, lines, after)


def _last(pieces: list[_Piece], lines: int) -> LogPage:
    """An unfinished last line counts as one."""
    data = b""
    for piece in reversed(pieces):
        position = piece.size
        while position > 0 and data.count(b"\n") <= lines:
            step = min(_BLOCK, position)
            position -= step
            piece.stream.seek(position)
            data = piece.stream.read(step) + data
    found = data.removesuffix(b"\n").split(b"\n")[-lines:] if data and lines > 0 else []
    return LogPage(_text(found), pieces[-1].cursor(pieces[-1].size))


def _next(pieces: list[_Piece], lines: int, after: str) -> LogPage:
    """Whole lines; an unfinished one only after its writer has paused."""
    index, offset = _find(pieces, after)
    cut = index is None and after != _BEGINNING
    first = index or 0
    data = _read(pieces[first:], offset, lines)
    *found, rest = data.split(b"\n")
    found, more = found[:lines], found[lines:]
    consumed = sum(len(line) + 1 for line in found)
    if rest and not more and len(found) < lines and time.time() - pieces[-1].changed > _PAUSE_SECONDS:
        found.append(rest)
        consumed += len(rest)
    return LogPage(_text(found), _advance(pieces[first:], offset, consumed), cut)


def _find(pieces: list[_Piece], after: str) -> tuple[int | None, int]:
    """The piece and offset of a cursor; None where what it points at is gone."""
    try:
        inode, offset, checksum = after.split("-")
        cursor = (int(inode), int(offset), int(checksum, 16))
    except ValueError:
        return None, 0
    for index, piece in enumerate(pieces):
        if piece.holds(cursor):
            return index, cursor[1]
    return None, 0


def _read(pieces: list[_Piece], offset: int, lines: int) -> bytes:
    """From the offset in the first piece on, until there are enough lines."""
    data = bytearray()
    seen = 0
    for number, piece in enumerate(pieces):
        for block in piece.blocks(0 if number else offset):
            data += block
            seen += block.count(b"\n")
            if seen >= lines:
                return bytes(data)
    return bytes(data)


def _advance(pieces: list[_Piece], offset: int, consumed: int) -> str:
    """The cursor so many bytes behind the offset in the first piece."""
    position = offset + consumed
    for piece in pieces[:-1]:
        if position <= piece.size:
            return piece.cursor(position)
        position -= piece.size
    return pieces[-1].cursor(position)


def _open(log: Path, stack: ExitStack) -> list[_Piece]:
    """What there is of both files, oldest first; never one twice, should they be put aside meanwhile."""
    while True:
        present = _piece(log, stack)
        older = _piece(log.with_name(log.name + ".1"), stack)
        if present is None or older is None or present.inode != older.inode:
            return [piece for piece in (older, present) if piece is not None]


def _piece(file: Path, stack: ExitStack) -> _Piece | None:
    try:
        stream = stack.enter_context(file.open("rb"))
    except FileNotFoundError:
        return None
    about = os.fstat(stream.fileno())
    return _Piece(stream, about.st_ino, about.st_size, about.st_mtime)


def _text(lines: list[bytes]) -> tuple[str, ...]:
    return tuple(line.decode(errors="replace") for line in lines)
