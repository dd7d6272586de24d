"""Serving the application inside the service's own loop: signals stay with the service."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Generator

import uvicorn
from hive_wire.errors import ErrorCode, Refusal
from starlette.types import ASGIApp

_GRACE_SECONDS = 2


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class HttpServer:
    """An HTTP server on a socket that is bound already."""

    def __init__(self, app: ASGIApp, bound: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = _Server(config)
        self._socket = bound

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._socket])

    async def listening(self) -> None:
        """Return when connections are taken."""
        await self._server.listening.wait()

    def stop(self) -> None:
        """Take no more connections, let those in hand end within the grace."""
        self._server.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A listening place. Raises Refusal `unavailable` where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
        raise Refusal(
            ErrorCode.UNAVAILABLE, f"port {port} on {host} {why}; choose another for the dashboard"
        ) from error
    return bound
