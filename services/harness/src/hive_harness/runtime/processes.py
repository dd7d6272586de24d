"""The processes of one agent: found by a mark in their environment or by descent, and killed as a whole.

A tool's children survive a `kill -9` of Claude Code, also when they made a session of their own.
"""

import asyncio
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "HIVE_PROCESS_OF"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """For a child between fork and exec: get SIGTERM when the harness is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Orphans of this process's descendants become its children, so that none is lost sight of."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


class ProcessTree:
    """Everything that runs on behalf of one agent: what carries `mark`, what descends from `root`,
    and, where this process adopts orphans, its own children."""

    def __init__(self, mark: str, adopts: bool = False) -> None:
        self._mark = f"{MARK}={mark}".encode()
        self._adopts = adopts

    def pids(self, root: int | None = None) -> list[int]:
        """The live processes, lowest id first; this process is never one of them."""
        parents = dict(_parents())
        roots = {pid for pid in parents if pid == root or self._is_marked(pid)}
        if self._adopts:
            roots |= {pid for pid, parent in parents.items() if parent == os.getpid()}
        return sorted(_with_descendants(roots, parents) - {os.getpid()})

    async def kill(self, root: int | None = None) -> int:
        """Kill all of them; returns how many there were. Those that keep forking are followed for a while."""
        killed: set[int] = set()
        for _ in range(_ROUNDS):
            pids = self.pids(root)
            if not pids:
                break
            for pid in pids:
                _kill(pid)
                self._reap(pid, root)
            killed.update(pids)
            await asyncio.sleep(0.01)
        return len(killed)

    def _is_marked(self, pid: int) -> bool:
        try:
            return self._mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def _reap(self, pid: int, root: int | None) -> None:
        if not self._adopts or pid == root:
            return
        try:
            os.waitpid(pid, os.WNOHANG)
        except OSError:
            pass


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def _parents() -> Iterator[tuple[int, int]]:
    """Each process with its parent, zombies left out."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes()
        except OSError:
            continue
        state, parent = stat[stat.rindex(b")") + 2 :].split()[:2]
        if state not in (b"Z", b"X"):
            yield int(entry.name), int(parent)


def _with_descendants(roots: set[int], parents: dict[int, int]) -> set[int]:
    found = set(roots)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grown = bool(more)
    return found
