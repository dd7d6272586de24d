"""One writer of the swarm's flake at a time: in this process by turns, against other processes by a lock on a file."""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

_RETRY_SECONDS = 0.05


class Writer:
    """Turns at writing, first come first served. A process that dies gives its turn back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait for everybody who came before."""
        async with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                while not _locked(descriptor):  # noqa: ASYNC110  # another process says nothing when it is done
                    await asyncio.sleep(_RETRY_SECONDS)
                yield
            finally:
                os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
