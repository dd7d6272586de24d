"""Reading an agent's log, whose writer (the shim) puts the file aside as `log.1` when it is full."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

_BLOCK = 65536
_FOLLOW_POLL_SECONDS = 0.2


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of both files, oldest first."""
    found = _last(log, lines)
    if len(found) < lines:
        found = _last(log.with_name(log.name + ".1"), lines - len(found)) + found
    return found


async def follow(log: Path) -> AsyncIterator[str]:
    """Whole lines as they come, from now on, across the putting aside of a full file."""
    stream, rest = _open(log), b""
    if stream is not None:
        stream.seek(0, os.SEEK_END)
    try:
        while True:
            data = stream.read(_BLOCK) if stream is not None else b""
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield line.decode(errors="replace")
            if data:
                continue
            if _replaced(stream, log):
                if stream is not None:
                    stream.close()
                stream = _open(log)
            else:
                await asyncio.sleep(_FOLLOW_POLL_SECONDS)
    finally:
        if stream is not None:
            stream.close()


def _last(file: Path, lines: int) -> list[str]:
    stream = _open(file)
    if stream is None or lines <= 0:
        return []
    with stream:
        position, data = stream.seek(0, os.SEEK_END), b""
        while position > 0 and data.count(b"\n") <= lines:
            step = min(_BLOCK, position)
            position -= step
            stream.seek(position)
            data = stream.read(step) + data
    return [line.decode(errors="replace") for line in data.removesuffix(b"\n").split(b"\n")][-lines:] if data else []


def _open(file: Path) -> BinaryIO | None:
    try:
        return file.open("rb")
    except FileNotFoundError:
        return None


def _replaced(stream: BinaryIO | None, log: Path) -> bool:
    try:
        present = log.stat().st_ino
    except FileNotFoundError:
        return False
    return stream is None or os.fstat(stream.fileno()).st_ino != present
