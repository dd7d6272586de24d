"""The processes of one agent: found by a mark in their environment or by descent, and killed as a whole.

A tool's children survive a `kill -9` of Claude Code, also when they made a session of their own.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "HIVE_PROCESS_OF"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 50
_ENDED = (b"Z", b"X")
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
        self.own: set[int] = set()
        """Children that were started here and are waited for elsewhere."""

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
            killed.update(pids)
            await asyncio.sleep(0.01)
        self.reap_orphans()
        return len(killed)

    def reap_orphans(self) -> None:
        """Let adopted orphans that have ended go; call it when a child has ended."""
        if not self._adopts:
            return
        for pid, parent, state in _all():
            if parent == os.getpid() and state in _ENDED and pid not in self.own:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)

    def _is_marked(self, pid: int) -> bool:
        try:
            return self._mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def _parents() -> Iterator[tuple[int, int]]:
    """Each live process with its parent."""
    return ((pid, parent) for pid, parent, state in _all() if state not in _ENDED)


def _all() -> Iterator[tuple[int, int, bytes]]:
    """Each process with its parent and its state."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes()
        except OSError:
            continue
        state, parent = stat[stat.rindex(b")") + 2 :].split()[:2]
        yield int(entry.name), int(parent), state


def _with_descendants(roots: set[int], parents: dict[int, int]) -> set[int]:
    found = set(roots)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grown = bool(more)
    return found
