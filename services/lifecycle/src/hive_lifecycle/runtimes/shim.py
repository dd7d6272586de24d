"""Looks after one running agent and outlives the service: keeps its log, passes SIGTERM on, kills after the
grace, leaves nothing of it behind, and records how it ended.

A file of its own, run with `python -I -S` and kept small in memory: one of these runs beside every agent.
That is why it imports `_signal` (the `signal` module alone would cost 0.8 MB). `launch.py` becomes this.
"""

# ruff: noqa: PTH104, PTH106, PTH123 - pathlib would cost memory in every one of them

import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

DEFAULT_GRACE_SECONDS = 10.0
TEARDOWN_POLL_SECONDS = 0.05
CHUNK = 65536


class Log:
    """The agent's output. Past the limit the file is put aside (one old file is kept)."""

    def __init__(self, path: str, limit: int) -> None:
        self.path = path
        self.limit = limit
        self.descriptor = -1
        self.size = 0
        self.open()

    def open(self) -> None:
        try:
            self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self.size = os.fstat(self.descriptor).st_size
        except OSError:
            self.descriptor = -1

    def write(self, data: bytes) -> None:
        """Write what the disk takes. A full disk loses lines; it must not stop the agent."""
        if self.size and self.size + len(data) > self.limit:
            self.rotate()
        if self.descriptor < 0:
            self.open()
        try:
            self.size += os.write(self.descriptor, data)
        except OSError:
            return

    def rotate(self) -> None:
        try:
            os.rename(self.path, self.path + ".1")
        except OSError:
            pass
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.open()


class Shim:
    """One agent: `child` is our own child (bubblewrap, or the harness itself), `harness` a pidfd or -1."""

    def __init__(self, folder: str, run_id: str, child: int, harness: int, output: int, log: Log) -> None:
        self.folder = folder
        self.run_id = run_id
        self.child = child
        self.harness = harness
        self.output = output
        self.log = log
        self.status: int | None = None
        self.asked = False
        self.kill_at: float | None = None

    def watch_over(self) -> None:
        """Return once nothing of the agent is left."""
        wakeup, poll = listen_for_signals(), select.poll()
        os.set_blocking(self.output, False)
        poll.register(wakeup, select.POLLIN)
        poll.register(self.output, select.POLLIN)
        while self.reap():
            for descriptor, _ in poll.poll(self.patience()):
                if descriptor == wakeup and signal.SIGTERM in os.read(wakeup, CHUNK):
                    self.stop()
                elif descriptor == self.output and not self.copy():
                    poll.unregister(self.output)
        while self.copy():
            pass

    def reap(self) -> bool:
        """Collect the dead; False when none is left, dead or alive. As the subreaper of all that the agent
        started we are sent its orphans too, so killing our children again and again reaches every one."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                break
            if pid == self.child:
                self.status = status
        if self.status is not None or (self.kill_at is not None and time.monotonic() >= self.kill_at):
            kill_children()
        return True

    def patience(self) -> float | None:
        """How long to wait for the next event, in milliseconds."""
        if self.status is not None:
            return TEARDOWN_POLL_SECONDS * 1000
        if self.kill_at is None:
            return None
        return max(TEARDOWN_POLL_SECONDS, self.kill_at - time.monotonic()) * 1000

    def stop(self) -> None:
        self.asked = True
        grace = self.grace()
        self.kill_at = time.monotonic() + grace
        if self.harness >= 0 and grace > 0:
            try:
                signal.pidfd_send_signal(self.harness, signal.SIGTERM)
            except OSError:
                return

    def grace(self) -> float:
        try:
            with open(self.folder + "/grace") as stream:
                return float(stream.read())
        except (OSError, ValueError):
            return DEFAULT_GRACE_SECONDS

    def copy(self) -> bool:
        """One piece of output into the log; False when there is no more now or ever."""
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        self.log.write(data)
        return bool(data)

    def record(self, sandboxed: bool) -> None:
        """exit.json, written whole; by hand, since the json module costs memory."""
        code, number = outcome(self.status or 0, sandboxed)
        text = (
            f'{{"run_id": "{self.run_id}", "code": {code}, "signal": {number or "null"}, '
            f'"asked": {"true" if self.asked else "false"}, "at": {time.time()!r}}}'
        )
        path = self.folder + "/exit.json"
        try:
            with open(path + ".new", "w") as stream:
                stream.write(text)
            os.rename(path + ".new", path)
        except OSError:
            return


def listen_for_signals() -> int:
    """A descriptor that says which signals came. SIGTERM was blocked until now, so none is lost."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, note)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return readable


def note(_number: int, _frame: object) -> None:
    """The wakeup descriptor says it all."""


def kill_children() -> None:
    for pid in children(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


def children(parent: int) -> list[int]:
    try:
        with open(f"/proc/{parent}/task/{parent}/children") as stream:
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        return []


def outcome(status: int, sandboxed: bool) -> tuple[int, int]:
    """(exit code, signal or 0). Bubblewrap reports a death by signal as 128 + signal, as shells do."""
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status), os.WTERMSIG(status)
    code = os.WEXITSTATUS(status)
    return code, code - 128 if sandboxed and 128 < code <= 192 else 0


def main(
    folder: str, run_id: str, child: str, harness: str, output: str, limit: str, sandboxed: str, *cgroups: str
) -> None:
    log = Log(folder + "/log", int(limit))
    shim = Shim(folder, run_id, int(child), int(harness), int(output), log)
    shim.watch_over()
    for group in cgroups:
        try:
            os.rmdir(group)
        except OSError:
            continue
    shim.record(sandboxed == "1")


if __name__ == "__main__":
    main(*sys.argv[1:])
