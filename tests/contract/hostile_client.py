"""An attacker's NATS connection: any bytes at all, with credentials of its own. No client library stands in the way."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import nkeys
from hive_kit.identity import Creds

DENIED = "permissions violation"
_WAIT = 10.0


@dataclass(frozen=True)
class Heard:
    """A message that the server delivered."""

    subject: str
    headers: bytes
    payload: bytes


@dataclass
class HostileClient:
    """One connection. `errors` and `heard` grow as the server speaks."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    errors: list[str] = field(default_factory=list[str])
    heard: list[Heard] = field(default_factory=list[Heard])
    closed: bool = False
    _pongs: int = 0
    _pings: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _sid: int = 0
    _task: "asyncio.Task[None] | None" = None

    @classmethod
    async def connect(cls, port: int, creds: Creds, **claims: Any) -> Self:  # Any: options of CONNECT
        """Open a connection; what the server thinks of it is in `errors` and `closed` after `settle`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        info = json.loads((await reader.readline()).removeprefix(b"INFO "))
        signature = nkeys.from_seed(bytearray(creds.seed.encode())).sign(info["nonce"].encode())
        options = {
            "verbose": False, "pedantic": False, "lang": "x", "version": "1", "protocol": 1, "headers": True,
            "no_responders": True, "jwt": creds.jwt,
            "sig": base64.urlsafe_b64encode(signature).rstrip(b"=").decode(), **claims,
        }  # fmt: skip
        client = cls(reader, writer)
        client._task = asyncio.create_task(client._read())
        client.send(f"CONNECT {json.dumps(options)}\r\n".encode())
        await client.settle()
        return client

    def send(self, data: bytes) -> None:
        """Write raw bytes."""
        self.writer.write(data)

    def publish(self, subject: str, payload: bytes = b"", reply: str = "", headers: bytes = b"") -> None:
        """PUB, or HPUB where there are headers (the block without its version line and end)."""
        middle = f" {reply}" if reply else ""
        if headers:
            block = headers if headers.startswith(b"RAW") else b"NATS/1.0\r\n" + headers + b"\r\n\r\n"
            block = block.removeprefix(b"RAW")
            self.send(_bytes(f"HPUB {subject}{middle} {len(block)} {len(block) + len(payload)}\r\n") + block)
        else:
            self.send(_bytes(f"PUB {subject}{middle} {len(payload)}\r\n"))
        self.send(payload + b"\r\n")

    def subscribe(self, subject: str, queue: str = "") -> int:
        """SUB; returns the subscription's number."""
        self._sid += 1
        self.send(f"SUB {subject} {queue + ' ' if queue else ''}{self._sid}\r\n".encode())
        return self._sid

    def unsubscribe(self, number: int) -> None:
        """UNSUB."""
        self.send(f"UNSUB {number}\r\n".encode())

    async def settle(self) -> None:
        """Return when the server has handled everything sent so far, or has closed the connection."""
        self._pings += 1
        self.send(b"PING\r\n")
        await self.until(lambda: self._pongs >= self._pings or self.closed)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that the server says makes it true."""
        async with asyncio.timeout(_WAIT):
            while not holds():
                self._moved.clear()
                await self._moved.wait()

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.writer.close()

    async def _read(self) -> None:
        try:
            while line := await self.reader.readline():
                await self._take(line.rstrip(b"\r\n"))
                self._moved.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        self.closed = True
        self._moved.set()

    async def _take(self, line: bytes) -> None:
        if line == b"PONG":
            self._pongs += 1
        elif line == b"PING":
            self.send(b"PONG\r\n")
        elif line.startswith(b"-ERR"):
            self.errors.append(line.decode(errors="replace")[5:].strip("' ").lower())
        elif line.startswith((b"MSG ", b"HMSG ")):
            parts = line.split(b" ")
            total = int(parts[-1])
            split = int(parts[-2]) if parts[0] == b"HMSG" else 0
            body = await self.reader.readexactly(total + 2)
            self.heard.append(Heard(parts[1].decode(errors="surrogateescape"), body[:split], body[split:total]))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
