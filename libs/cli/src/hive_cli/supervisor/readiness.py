"""How a process says that it is ready: a datagram to its own NOTIFY_SOCKET, or NATS's greeting on its port."""

import asyncio
import socket
from pathlib import Path

from hive_kit.swarm import HOST

POLL_SECONDS = 0.02


class NotifySocket:
    """The receiving end of systemd's readiness protocol for one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready = asyncio.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def _receive(self) -> None:
        while True:
            try:
                message = self._socket.recv(4096)
            except BlockingIOError:
                return
            if b"READY=1" in message.split(b"\n"):
                self.ready.set()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self.path.unlink(missing_ok=True)


async def wait_for_greeting(port: int) -> None:
    """Returns when a NATS server greets on that port."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
            continue
        try:
            if (await reader.readline()).startswith(b"INFO"):
                return
        except ConnectionError:
            await asyncio.sleep(POLL_SECONDS)
        finally:
            writer.close()
