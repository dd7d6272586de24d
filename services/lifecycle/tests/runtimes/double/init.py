"""Process 1 of a container: runs its harness, and ends with it. SIGTERM ends both; SIGHUP runs it anew; SIGUSR1
switches to the system that the profile names now."""

import os
import signal
import sys
from pathlib import Path

GRACE_SECONDS = 600


def main(profile: str, done: str) -> None:
    signals = {signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    system, count = os.path.realpath(profile), 0
    harness = run(system)
    while True:
        number = signal.sigwait(signals)
        ended = reap()
        if harness in ended:
            sys.exit(code_of(ended[harness]))
        if number == signal.SIGTERM:
            end(harness)
            sys.exit(0)
        if number in (signal.SIGHUP, signal.SIGUSR1):
            present = os.path.realpath(profile)
            if number == signal.SIGHUP or present != system:
                end(harness)
                system = present
                harness = run(system)
            count += 1
            Path(done + ".new").write_text(str(count))
            Path(done + ".new").replace(done)


def run(system: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.setsid()
    os.chdir("/state" if Path("/state").is_dir() else "/")
    try:
        os.execv(f"{system}/harness", [f"{system}/harness"])
    except OSError as error:
        os.write(2, f"{system}/harness: {error.strerror}\n".encode())
        os._exit(203)


def end(harness: int) -> None:
    try:
        os.kill(harness, signal.SIGTERM)
        os.waitpid(harness, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def reap() -> dict[int, int]:
    found: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found[pid] = status


def code_of(status: int) -> int:
    return 255 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


main(*sys.argv[1:])
