"""Pack files, read without trusting them: every length is bounded before anything is unpacked.

libgit2 maps packs into memory and unpacks what they claim to hold; a pack that somebody else can write while it is
read could end the process. The format: https://git-scm.com/docs/gitformat-pack.
"""

import os
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable

from hive_approvals.config_repo.raw import Malformed, Raw

INDEX_BYTES = 32 << 20
_BASE_BYTES = 4 << 20
_DEPTH = 50
_CHUNK = 1 << 16
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_HEADER = 8
_FANOUT = 1024
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFS_DELTA = 6
_REF_DELTA = 7
_FAR = 1 << 31

Find = Callable[[str, int, int], Raw | None]
"""Of an id, the largest size in bytes, and how many deltas led there."""


class Pack:
    """One pack, an open file, and its index. `find` gets the base of a delta that names it by id."""

    def __init__(self, index: bytes, pack: int, find: Find) -> None:
        self._index = index
        self._pack = pack
        self._find = find
        self._size = os.fstat(pack).st_size
        if index[:_HEADER] != _MAGIC or len(index) < _HEADER + _FANOUT:
            raise Malformed("a pack's index is not of version 2")
        self._count = self._number(_HEADER + _FANOUT - 4)
        if len(index) < _HEADER + _FANOUT + self._count * 28 + 40:
            raise Malformed("a pack's index is cut off")

    def starting_with(self, prefix: str) -> list[str]:
        """The ids that begin so."""
        at = bisect_left(range(self._count), prefix, key=self._id)
        found: list[str] = []
        while at < self._count and self._id(at).startswith(prefix):
            found.append(self._id(at))
            at += 1
        return found

    def read(self, oid: str, limit: int, depth: int = 0) -> Raw | None:
        """The object of that id, if it is here. `Malformed` also when it is larger than `limit` bytes."""
        at = bisect_left(range(self._count), oid, key=self._id)
        if at == self._count or self._id(at) != oid:
            return None
        return self._object(self._offset(at), limit, depth)

    def _id(self, at: int) -> str:
        start = _HEADER + _FANOUT + at * 20
        return self._index[start : start + 20].hex()

    def _offset(self, at: int) -> int:
        start = _HEADER + _FANOUT + self._count * 24
        near = self._number(start + at * 4)
        if near < _FAR:
            return near
        far = start + self._count * 4 + (near - _FAR) * 8
        if far + 8 > len(self._index):
            raise Malformed("a pack's index points outside itself")
        return struct.unpack(">Q", self._index[far : far + 8])[0]

    def _number(self, at: int) -> int:
        return struct.unpack(">I", self._index[at : at + 4])[0]

    def _object(self, offset: int, limit: int, depth: int) -> Raw:
        if depth > _DEPTH:
            raise Malformed("a pack has a chain of deltas that is too long")
        if offset >= self._size:
            raise Malformed("a pack's index points outside the pack")
        kind, size, at = self._head(offset)
        if kind in _KINDS:
            return Raw(_KINDS[kind], self._inflate(at, size, limit))
        if kind == _OFS_DELTA:
            back, at = self._distance(at)
            if not 0 < back < offset:
                raise Malformed("a pack's delta points outside the pack")
            delta = self._inflate(at, size, limit)
            base = self._object(offset - back, _BASE_BYTES, depth + 1)
        elif kind == _REF_DELTA:
            base_id = self._bytes(at, 20).hex()
            delta = self._inflate(at + 20, size, limit)
            found = self._find(base_id, _BASE_BYTES, depth + 1)
            if found is None:
                raise Malformed(f"the object {base_id} is missing, which a pack's delta needs")
            base = found
        else:
            raise Malformed("a pack holds an object of an unknown kind")
        return Raw(base.kind, _patched(base.data, delta, limit))

    def _head(self, offset: int) -> tuple[int, int, int]:
        start = self._bytes(offset, 1, least=1)[0]
        kind, size, shift, at = start >> 4 & 7, start & 15, 4, offset + 1
        while start & 128:
            start = self._bytes(at, 1, least=1)[0]
            size |= (start & 127) << shift
            shift, at = shift + 7, at + 1
            if shift > 60:
                raise Malformed("a pack's object has a garbled length")
        return kind, size, at

    def _distance(self, at: int) -> tuple[int, int]:
        byte = self._bytes(at, 1, least=1)[0]
        back, at, read = byte & 127, at + 1, 1
        while byte & 128:
            byte = self._bytes(at, 1, least=1)[0]
            back, at, read = ((back + 1) << 7) | (byte & 127), at + 1, read + 1
            if read > 9:
                raise Malformed("a pack's delta has a garbled distance")
        return back, at

    def _bytes(self, at: int, count: int, least: int | None = None) -> bytes:
        read = os.pread(self._pack, count, at)
        if len(read) < (count if least is None else least):
            raise Malformed("a pack is cut off")
        return read

    def _inflate(self, at: int, size: int, limit: int) -> bytes:
        if size > limit:
            raise Malformed(f"an object is of {size} bytes; {limit} are allowed")
        unpacker, parts, length = zlib.decompressobj(), list[bytes](), 0
        try:
            while not unpacker.eof and length <= size:
                packed = os.pread(self._pack, _CHUNK, at)
                if not packed:
                    break
                at += len(packed)
                parts.append(unpacker.decompress(packed, size + 1 - length))
                length += len(parts[-1])
                if unpacker.unconsumed_tail:
                    at -= len(unpacker.unconsumed_tail)
        except zlib.error as error:
            raise Malformed("a pack's object can't be unpacked") from error
        if length != size:
            raise Malformed("a pack's object has not the length that it claims")
        return b"".join(parts)


def _patched(base: bytes, delta: bytes, limit: int) -> bytes:
    of_base, at = _varint(delta, 0)
    size, at = _varint(delta, at)
    if of_base != len(base) or size > limit:
        raise Malformed("a pack's delta does not fit its base, or is too large")
    result = bytearray()
    while at < len(delta) and len(result) <= size:
        code, at = delta[at], at + 1
        if code & 128:
            values = [0] * 7
            for bit in range(7):
                if code >> bit & 1:
                    values[bit], at = _byte(delta, at), at + 1
            start = int.from_bytes(bytes(values[:4]), "little")
            count = int.from_bytes(bytes(values[4:]), "little") or 0x10000
            result += base[start : start + count]
        elif code:
            result += delta[at : at + code]
            at += code
        else:
            break
    if len(result) != size or at != len(delta):
        raise Malformed("a pack's delta is garbled")
    return bytes(result)


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise Malformed("a pack's delta is cut off")
    return data[at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 63:
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at
    raise Malformed("a pack's delta is cut off")
