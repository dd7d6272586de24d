"""New objects, written durably: a few as loose files, many as one pack, which appears at once and costs one wait.

The format: https://git-scm.com/docs/gitformat-pack.
"""

import hashlib
import os
import struct
import zlib
from itertools import accumulate
from pathlib import Path

from pygit2 import Repository
from pygit2.enums import ObjectType

from hive_approvals.config_repo.raw import Raw

TYPES = {"commit": ObjectType.COMMIT, "tree": ObjectType.TREE, "blob": ObjectType.BLOB, "tag": ObjectType.TAG}
MANY = 32


def store(repository: Repository, objects: dict[str, Raw]) -> None:
    """Write objects by their ids, in that order: what an object needs must stand before it."""
    if len(objects) > MANY:
        _write_pack(Path(repository.path) / "objects" / "pack", objects)
        return
    for oid, item in objects.items():
        written = repository.odb.write(int(TYPES[item.kind]), item.data)
        if str(written) != oid:
            raise RuntimeError(f"{oid} was written as {written}")


def _write_pack(folder: Path, objects: dict[str, Raw]) -> None:
    folder.mkdir(exist_ok=True)
    body, places, checks = bytearray(b"PACK" + struct.pack(">II", 2, len(objects))), dict[str, int](), dict[str, int]()
    for oid, item in objects.items():
        entry = _head(int(TYPES[item.kind]), len(item.data)) + zlib.compress(item.data)
        places[oid], checks[oid] = len(body), zlib.crc32(entry)
        body += entry
    body += _sum(body)
    ids = sorted(objects)
    counts = [0] * 256
    for oid in ids:
        counts[int(oid[:2], 16)] += 1
    index = bytearray(b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">256I", *accumulate(counts)))
    index += b"".join(map(bytes.fromhex, ids))
    for numbers in (checks, places):
        index += struct.pack(f">{len(ids)}I", *(numbers[oid] for oid in ids))
    index += body[-20:]
    index += _sum(index)
    name = f"pack-{_sum(b''.join(map(bytes.fromhex, ids))).hex()}"
    _write(folder / f"{name}.pack", body)
    _write(folder / f"{name}.idx", index)  # a pack counts from when its index is there
    _sync(folder)


def _head(kind: int, size: int) -> bytes:
    first, size = kind << 4 | size & 15, size >> 4
    made = bytearray()
    while size:
        made.append(first | 128)
        first, size = size & 127, size >> 7
    made.append(first)
    return bytes(made)


def _sum(data: bytes | bytearray) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _write(place: Path, data: bytearray) -> None:
    beside = place.with_name(f"tmp_{place.name}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(0o444)
    beside.replace(place)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
