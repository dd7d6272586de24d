"""The `hive` command for tests, as a process of its own each time, but without the half second that loading it takes:
one server process has it loaded already and forks for every call.

Decides nothing about commands: what runs is `hive_cli.__main__.main` with the arguments, streams, folder and
environment of the call."""

import atexit
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

Done = subprocess.CompletedProcess[str]
MODULES = ("hive_cli.commands", "hive_cli.supervisor", "hive_cli.setup")


@cache
def hive_command() -> "HiveCommand":
    """The one of this process; ended with it."""
    made = HiveCommand()
    atexit.register(made.close)
    return made


class HiveCommand:
    """Runs `hive`; may be used by several threads at once. Ends with `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hive-")
        self._address = f"{self._folder.name}/hive"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with listening:
            listening.bind(self._address)
            listening.listen(64)
            command = [sys.executable, "-m", "hive_cli.testing", str(listening.fileno())]
            self._server = subprocess.Popen(command, pass_fds=[listening.fileno()], stdin=subprocess.PIPE)

    def run(
        self,
        *arguments: str,
        text: str | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Done:
        """One call to its end. Raises TimeoutError when it takes longer than `timeout` seconds."""
        call = {"arguments": arguments, "cwd": str(cwd or Path.cwd()), "env": dict(os.environ if env is None else env)}
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            given.write((text or "").encode())
            given.seek(0)
            code = self._ask(json.dumps(call).encode(), [given.fileno(), out.fileno(), errors.fileno()], timeout)
            out.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(arguments, code, out.read().decode(), errors.read().decode())

    def close(self) -> None:
        """End the server; calls that still run go on."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
        self._folder.cleanup()

    def _ask(self, call: bytes, streams: list[int], timeout: float) -> int:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout)
            link.connect(self._address)
            socket.send_fds(link, [len(call).to_bytes(8)], streams)
            link.sendall(call)
            with link.makefile("rb") as replies:
                pid = int(replies.readline())
                try:
                    code = replies.readline()
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise
            return int(code or -signal.SIGKILL)


def main() -> NoReturn:
    """The server: forks for each connection."""
    for name in MODULES:
        for found in pkgutil.iter_modules(import_module(name).__path__, f"{name}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    for name in ("hive_cli.session", "hive_cli.overview", "hive_cli.actions", "rich.console", "rich.table"):
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:  # its end: nobody asks any more
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _serve(link)
            link.close()
    sys.exit()


def _serve(link: socket.socket) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, streams, _, _ = socket.recv_fds(link, 8, 3)
        with link.makefile("rb") as incoming:
            call = json.loads(incoming.read(int.from_bytes(size)))
        link.sendall(f"{os.getpid()}\n".encode())
        link.set_inheritable(False)
        code = _call(call, streams)
    except BaseException:  # what a process of its own would print before it ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        link.sendall(f"{code}\n".encode())
        os._exit(code)


def _call(call: dict[str, Any], streams: list[int]) -> int:  # Any: JSON
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.setsid()
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    sys.argv = ["hive", *call["arguments"]]
    from hive_cli.__main__ import main as hive

    return hive()


if __name__ == "__main__":
    main()
