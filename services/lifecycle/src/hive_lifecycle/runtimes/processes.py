"""Who a process is (pid, start time and boot, so that a reused pid is never mistaken for it), when it ends,
and how everything left of a run is found and killed. A zombie counts as dead.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RUN_ID_VARIABLE = "HIVE_RUN_ID"
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Identity:
    """One process, of one boot. `start_time` is in clock ticks since boot."""

    pid: int
    start_time: int
    boot: str

    def is_alive(self) -> bool:
        return self.boot == boot_id() and start_time(self.pid) == self.start_time

    def signal(self, number: int) -> None:
        """Send a signal to exactly this process; nothing happens when it has gone."""
        descriptor = self.open()
        if descriptor is None:
            return
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)

    def open(self) -> int | None:
        """A pidfd of exactly this process, for the caller to close; None when it has gone."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return None
        if self.is_alive():
            return descriptor
        os.close(descriptor)
        return None

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end; False when it outlives the timeout (seconds)."""
        descriptor = self.open()
        if descriptor is None:
            return True
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        try:
            await asyncio.wait_for(ended.wait(), timeout)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return True


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """When that process started, in clock ticks since boot; None when it is dead or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def kill_leftovers(run_id: str, cgroups: Iterable[Path], seconds: float = 10) -> bool:
    """Kill whatever is left of a run whose shim has gone; False when something survives that long.

    Found by the run's cgroups where there are any, and by the run's id in the environment.
    """
    groups = tuple(cgroups)
    deadline = time.monotonic() + seconds
    while left := _members(groups) | _carrying(run_id):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _members(cgroups: tuple[Path, ...]) -> set[int]:
    found: set[int] = set()
    for group in cgroups:
        try:
            found |= {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
        except OSError:
            continue
    return {pid for pid in found if start_time(pid) is not None}


def _carrying(run_id: str) -> set[int]:
    marker = f"{RUN_ID_VARIABLE}={run_id}".encode()
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marker in variables and start_time(int(entry.name)) is not None:
            found.add(int(entry.name))
    return found
