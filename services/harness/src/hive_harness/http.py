"""The agent's own port: health, metrics and a link to its page. It never serves a script.

Written on asyncio's streams: three fixed answers need no web framework, which would stay in an idle agent's memory.
"""

import asyncio
import errno
import html
import socket
from collections.abc import Callable

import structlog
from hive_wire.live import AgentStatus
from prometheus_client import generate_latest

from hive_harness.settings import Settings

log = structlog.get_logger()

TRIES = 12
FIRST_DELAY = 0.25
LONGEST_DELAY = 2.0
_HEAD_BYTES = 8192
_SECONDS = 10.0
_HEADERS = (
    "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\ncache-control: no-store\r\n"
    "connection: close\r\n"
)


class OwnPort:
    """Answers GET and HEAD on the agent's port."""

    def __init__(self, settings: Settings, status: Callable[[], AgentStatus]) -> None:
        self._settings, self._status = settings, status
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Bind and answer. Only an address in use is worth trying again; any other error is raised at once."""
        port = self._settings.http_port
        if port is None:
            return
        listening = await bind(self._settings.http_host, port)
        self._server = await asyncio.start_server(self._answer, sock=listening, limit=_HEAD_BYTES)

    async def stop(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, *_ = head.decode("latin-1").split(" ", 2)
                writer.write(self._response(method, path.split("?", 1)[0]))
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever sent that gets no answer
        finally:
            writer.close()

    def _response(self, method: str, path: str) -> bytes:
        status, kind, body = self._content(path) if method in ("GET", "HEAD") else (405, "text/plain", b"GET only\n")
        lines = f"HTTP/1.1 {status} \r\ncontent-type: {kind}; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
        return f"{lines}{_HEADERS}\r\n".encode() + (b"" if method == "HEAD" else body)

    def _content(self, path: str) -> tuple[int, str, bytes]:
        if path == "/healthz":
            return 200, "application/json", self._status().model_dump_json().encode()
        if path == "/metrics":
            return 200, "text/plain", generate_latest()
        if path == "/":
            return 200, "text/html", self._page().encode()
        return 404, "text/plain", b"not found\n"

    def _page(self) -> str:
        name = html.escape(self._settings.agent)
        link = "its page is on the dashboard"
        if self._settings.dashboard_url:
            address = html.escape(f"{self._settings.dashboard_url.rstrip('/')}/a/{self._settings.agent}", quote=True)
            link = f'its page: <a href="{address}">{address}</a>'
        return f"<!doctype html><title>{name}</title><p>{name}: {html.escape(self._status().state)}; {link}</p>\n"


async def bind(host: str, port: int) -> socket.socket:
    """A listening socket with address reuse; an address in use is tried again, 250 ms doubling to 2 s, 12 times."""
    delay = FIRST_DELAY
    for left in range(TRIES - 1, -1, -1):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(64)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE or not left:
                raise
            log.warning("port_in_use", port=port, tries_left=left, delay_seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
        else:
            listening.setblocking(False)
            return listening
    raise AssertionError("unreachable")
