"""What lies in the folders of a destroyed agent. Others can write there: nothing is opened, no link is followed, and
it takes no longer than it may.
"""

import os
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

log = structlog.get_logger()

LOGIN = Path(".claude", ".credentials.json")
"""Where Claude Code keeps its login, below the agent's home."""
_BLOCK = 512


@dataclass(frozen=True)
class Kept:
    """What is kept of one agent. `size_bytes` is what it takes on the disk."""

    size_bytes: int
    changed_at: datetime
    login_kept: bool


@dataclass
class _Sum:
    size: int = 0
    newest: float = 0.0

    def add(self, found: os.stat_result, linked: set[tuple[int, int]]) -> None:
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in linked:
                return
            linked.add((found.st_dev, found.st_ino))
        self.size += found.st_blocks * _BLOCK
        self.newest = max(self.newest, found.st_mtime)


def measure(folders: tuple[Path, ...], home: Path, deadline: float) -> Kept | None:
    """What lies in the folders; None where none of them is there. Blocks, until `deadline` (monotonic) at most: then
    it is what was counted by then."""
    total, linked = _Sum(), set[tuple[int, int]]()
    waiting = [str(folder) for folder in folders if _is_folder(folder)]
    if not waiting:
        return None
    for folder in waiting:
        total.add(os.lstat(folder), linked)
    while waiting:
        if time.monotonic() > deadline:
            log.warning("tombstone_not_counted_to_the_end", folder=str(folders[0]))
            break
        waiting += _count(waiting.pop(), total, linked)
    newest = datetime.fromtimestamp(min(max(total.newest, 0.0), time.time()), UTC)  # agents may set any time
    return Kept(total.size, newest, _is_file(home, LOGIN))


def _count(folder: str, total: _Sum, linked: set[tuple[int, int]]) -> list[str]:
    """Add what lies in a folder; the folders in it. What can't be read, or goes meanwhile, doesn't count."""
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                total.add(entry.stat(follow_symlinks=False), linked)
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
    except OSError as error:
        log.info("tombstone_part_not_counted", error=str(error)[:200])
    return below


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _is_file(folder: Path, path: Path) -> bool:
    """Whether there is such a file with something in it, no part of the way being a link."""
    if not all(_is_folder(folder / parent) for parent in path.parents):
        return False
    try:
        found = (folder / path).lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0
