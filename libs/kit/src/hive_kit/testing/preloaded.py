"""Services for tests as processes of their own each time, but without the second that loading one takes: for each
module one server process has it loaded already and forks for every start.

What runs is `python -m <module>` with the arguments, environment and log of the start.
"""

import atexit
import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn


class PreloadedProcess:
    """One process, as `subprocess.Popen` has it. It ends when its server's connection to it does."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._replies = link.makefile("rb")
        self.pid = int(self._replies.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for the signal that killed it; None while it runs."""
        if self.returncode is None and select.select([self._link], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._link], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._replies.readline() or -signal.SIGKILL)
            self._replies.read()  # until it has ended altogether
            self._replies.close()
            self._link.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing happens when it has ended already."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """`kill -9`."""
        self.send_signal(signal.SIGKILL)


def start(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> PreloadedProcess:
    """Start `python -m module arguments` with that environment; what it prints is added to the log."""
    call = {"arguments": [*arguments], "environment": dict(environment), "folder": str(Path.cwd())}
    text = json.dumps(call).encode()
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with log.open("ab") as out:
        link.connect(_server(module).address)
        socket.send_fds(link, [len(text).to_bytes(8)], [out.fileno()])
        link.sendall(text)
        return PreloadedProcess(link)


class _Server:
    def __init__(self, module: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hive-")
        self.address = f"{self._folder.name}/{module}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(self.address)
            listening.listen(64)
            command = [sys.executable, "-m", __name__, module, str(listening.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[listening.fileno()], stdin=subprocess.PIPE)
        atexit.register(self._close)

    def _close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


@cache
def _server(module: str) -> _Server:
    return _Server(module)


def main() -> None:
    """The server: forks for each connection, until its standard input ends."""
    module = sys.argv[1]
    _load(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[2])) as listening:
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _become(module, link)
            link.close()


def _load(module: str) -> None:
    """All that it imports; the module itself is run anew in each process."""
    found = importlib.util.find_spec(module)
    name = f"{module}.__main__" if found is not None and found.submodule_search_locations else module
    importlib.import_module(name)
    del sys.modules[name]


def _become(module: str, link: socket.socket) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, streams, _, _ = socket.recv_fds(link, 8, 1)
        with link.makefile("rb") as incoming:
            call: dict[str, Any] = json.loads(incoming.read(int.from_bytes(size)))  # Any: JSON
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(streams[0], number)
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"])
        sys.argv = [module, *call["arguments"]]
        link.sendall(f"{os.getpid()}\n".encode())
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # what a process of its own would print before it ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        link.sendall(f"{code}\n".encode())
        os._exit(code)


if __name__ == "__main__":
    main()
