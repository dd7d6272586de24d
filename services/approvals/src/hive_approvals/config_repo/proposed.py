"""A proposed repository, read as what somebody hostile may have put there.

Only plain files inside `.git/objects` are opened, never through a link, and nothing else is looked at: no
configuration, references, alternates, grafts, replacements or shallow marks. So they can't matter.
"""

import os
import re
import stat
import zlib
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from hive_wire.errors import ErrorCode, Refusal

from hive_approvals.config_repo.packs import INDEX_BYTES, Pack
from hive_approvals.config_repo.raw import KINDS, Malformed, Raw

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PACKS = 100
_REST = re.compile(r"[0-9a-f]{38}\Z")
_ROOM_FOR_HEADER = 64
_ROOM_FOR_PACKING = 1024


class ProposedObjects:
    """The objects of an agent's proposed repository, while it is entered. Refuses `no_repo`."""

    def __init__(self, folder: Path, agent: str) -> None:
        self._folder = folder
        self._agent = agent
        self._open = ExitStack()
        self._objects = -1
        self._packs: list[Pack] = []

    def __enter__(self) -> "ProposedObjects":
        try:
            self._objects = self._opened(str(self._folder), _FOLDER, None)
            for name in (self._agent, ".git", "objects"):
                self._objects = self._opened(name, _FOLDER, self._objects)
            self._packs = self._open_packs()
        except (OSError, Malformed) as error:
            self._open.close()
            text = f"the proposed repository of {self._agent!r} is missing, or `.git` and `.git/objects` in it are"
            why = str(error) if isinstance(error, Malformed) else os.strerror(error.errno or 0)
            raise Refusal(ErrorCode.NO_REPO, f"{text} no plain folders ({why})", agent=self._agent) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def starting_with(self, prefix: str) -> set[str]:
        """The ids of all objects that begin so; at least two digits."""
        found = {oid for pack in self._packs for oid in pack.starting_with(prefix)}
        try:
            with ExitStack() as stack:
                folder = os.open(prefix[:2], _FOLDER, dir_fd=self._objects)
                stack.callback(os.close, folder)
                names = _names(folder)
        except OSError:
            return found
        return found | {prefix[:2] + name for name in names if _REST.match(name) and name.startswith(prefix[2:])}

    def read(self, oid: str, limit: int, depth: int = 0) -> Raw | None:
        """The object of that id; None: there is none.

        `Malformed` if it is larger than `limit` bytes, garbled, or has another id by its content.
        """
        found = self._loose(oid, limit)
        for pack in self._packs:
            if found is None:
                found = pack.read(oid, limit, depth)
        if found is not None and found.id() != oid:
            raise Malformed(f"the object {oid} holds something else")
        return found

    def _loose(self, oid: str, limit: int) -> Raw | None:
        try:
            with ExitStack() as stack:
                folder = os.open(oid[:2], _FOLDER, dir_fd=self._objects)
                stack.callback(os.close, folder)
                file = os.open(oid[2:], _FILE, dir_fd=folder)
                stack.callback(os.close, file)
                packed = _content(file, limit + _ROOM_FOR_PACKING)
        except OSError:
            return None
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(packed, limit + _ROOM_FOR_HEADER)
        except zlib.error as error:
            raise Malformed(f"the object {oid} can't be unpacked") from error
        if not unpacker.eof and len(data) < limit + _ROOM_FOR_HEADER:
            raise Malformed(f"the object {oid} is cut off")
        head, _, content = data.partition(b"\0")
        kind, _, size = head.partition(b" ")
        if len(content) > limit or not unpacker.eof:
            raise Malformed(f"the object {oid} is larger than {limit} bytes")
        if kind.decode("latin-1") not in KINDS or size != str(len(content)).encode():
            raise Malformed(f"the object {oid} has a garbled header")
        return Raw(kind.decode(), content)

    def _open_packs(self) -> list[Pack]:
        try:
            folder = self._opened("pack", _FOLDER, self._objects)
        except FileNotFoundError:
            return []
        names = sorted(name for name in _names(folder) if name.startswith("pack-") and name.endswith(".idx"))
        if len(names) > _PACKS:
            raise Malformed(f"there are more than {_PACKS} packs; run `git gc`")
        packs: list[Pack] = []
        for name in names:
            with ExitStack() as stack:
                file = os.open(name, _FILE, dir_fd=folder)
                stack.callback(os.close, file)
                index = _content(file, INDEX_BYTES)
            pack = self._opened(name.removesuffix(".idx") + ".pack", _FILE, folder)
            _check_plain(pack)
            packs.append(Pack(index, pack, self.read))
        return packs

    def _opened(self, name: str, how: int, folder: int | None) -> int:
        opened = os.open(name, how, dir_fd=folder)
        self._open.callback(os.close, opened)
        return opened


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _check_plain(file: int) -> int:
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        raise Malformed("what should be a file is none")
    return about.st_size


def _content(file: int, limit: int) -> bytes:
    if _check_plain(file) > limit:
        raise Malformed(f"a file of git's is larger than {limit} bytes")
    parts: list[bytes] = []
    at = 0
    while at <= limit and (part := os.pread(file, min(1 << 20, limit + 1 - at), at)):
        parts.append(part)
        at += len(part)
    if at > limit:
        raise Malformed(f"a file of git's is larger than {limit} bytes")
    return b"".join(parts)
