"""The lock that keeps two drivers off one Claude session: both would append, and one's turns would be lost."""

import fcntl
import os
from pathlib import Path


class SessionHeldError(Exception):
    """Another harness drives this agent's session."""


class SessionLock:
    """An advisory lock on a file; the kernel frees it when this process is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self) -> None:
        """Take the lock or raise `SessionHeldError`."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise SessionHeldError(f"another harness holds {self._path}") from None
        self._fd = fd

    def release(self) -> None:
        """Give the lock back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
