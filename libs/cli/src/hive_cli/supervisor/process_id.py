"""Processes by number and birth: a number alone may have been given to another process since."""

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessId:
    """A process of this machine; `born` is its start time in clock ticks since boot."""

    pid: int
    born: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Raises ProcessLookupError when there is none."""
        born = _born(pid)
        if born is None:
            raise ProcessLookupError(pid)
        return cls(pid, born)

    def is_alive(self) -> bool:
        return _born(self.pid) == self.born

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Sent to the process (or the group that it leads) if it is still the same; else nothing happens."""
        if not self.is_alive():
            return
        try:
            (os.killpg if group else os.kill)(self.pid, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.is_alive():
                return True
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)


def _born(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    dead = fields[0] in ("Z", "X")
    return None if dead else int(fields[19])
