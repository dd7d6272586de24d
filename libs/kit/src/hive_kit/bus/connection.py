# pyright: reportUnknownMemberType=false
# (nats-py annotates its subscriptions with a bare Future)
"""One NATS connection of one principal: connecting, calls that fail fast, publishing live events.

Replies come to inboxes of our own making with 128 random bits each: nats-py's are partly guessable, and
replies of harnesses need a lane of their own (`hive_wire.subjects.reply_prefix`).
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from hive_wire import subjects
from hive_wire.errors import ErrorBody, ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.verb import Verb
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, ConnectionDrainingError, MaxPayloadError, OutboundBufferLimitError
from nats.errors import Error as NatsError
from pydantic import ValidationError

from hive_kit.bus.client import GuardedClient
from hive_kit.request_id import current_request_id

log = structlog.get_logger()

R = TypeVar("R", bound=Wire)
Q = TypeVar("Q", bound=Wire)

ERROR_CODE_HEADER = "Nats-Service-Error-Code"
ERROR_HEADER = "Nats-Service-Error"
DEADLINE_HEADER = "Hive-Deadline"
REQUEST_ID_HEADER = "Hive-Request-Id"

_DENIED = re.compile(r'permissions violation for publish to "(.*)"', re.IGNORECASE)
_RETRYABLE = frozenset(
    {
        ErrorCode.UNAVAILABLE,
        ErrorCode.DISCONNECTED,
        ErrorCode.TIMEOUT,
        ErrorCode.BUSY,
        ErrorCode.SLOW_DOWN,
        ErrorCode.DISK_FULL,
        ErrorCode.STORAGE_FAILED,
    }
)
_PING_SECONDS = 10
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class _Pending:
    subject: str
    sent_at: float
    reply: "asyncio.Future[Msg]"


class Bus:
    """A principal's connection. `closed` is set when it is over for good (its credentials were revoked)."""

    def __init__(self, principal: str) -> None:
        self.principal = principal
        self.closed = asyncio.Event()
        self.up = asyncio.Event()
        self.on_up: list[Callable[[], None]] = []
        """Called after each reconnection."""
        self._connection = secrets.token_hex(8).upper()
        self._pending: dict[str, _Pending] = {}
        self._nc: Client = GuardedClient()
        self._failure: Exception | None = None
        self._refused = False

    @classmethod
    async def connect(cls, url: str, principal: str, creds: Path | None, wait_seconds: float | None = None) -> "Bus":
        """Connect as `principal`, waiting for the server to come up (for ever, or `wait_seconds`).

        Raises: Refusal `unavailable` when the server did not come up in time, `forbidden` when it
        refused the credentials.
        """
        bus = cls(principal)
        deadline = None if wait_seconds is None else time.monotonic() + wait_seconds
        await _wait_for_port(url, deadline)
        await bus._open(url, creds)
        return bus

    async def _open(self, url: str, creds: Path | None) -> None:
        options: dict[str, Any] = {"user_credentials": str(creds)} if creds else {}  # Any: nats-py's keywords
        connecting = asyncio.ensure_future(
            self._nc.connect(
                url,
                name=self.principal,
                inbox_prefix=subjects.inbox_root(self.principal).rstrip("."),
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,  # pyright: ignore[reportArgumentType]  # seconds; any number works
                ping_interval=_PING_SECONDS,
                max_outstanding_pings=2,
                connect_timeout=2,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnected,
                reconnected_cb=self._on_reconnected,
                closed_cb=self._on_closed,
                **options,
            )
        )
        until = time.monotonic() + _CONNECT_SECONDS
        while not connecting.done():
            await asyncio.wait({connecting}, timeout=0.05)
            if self._refused or time.monotonic() > until:
                await self._give_up(connecting)
                code = ErrorCode.FORBIDDEN if self._refused else ErrorCode.UNAVAILABLE
                raise Refusal(code, f"NATS did not accept the connection of {self.principal}: {self._failure}")
        await connecting
        prefix = subjects.inbox_root(self.principal)
        await self._nc.subscribe(f"{prefix}{self._connection}.*", cb=self._on_reply)
        await self._nc.subscribe(f"{prefix}agent.*.{self._connection}.*", cb=self._on_reply)
        await self._nc.subscribe(subjects.started_notice(self.principal, "*"), cb=self._on_service_started)
        await self.sync()
        self.up.set()

    async def _give_up(self, connecting: "asyncio.Future[None]") -> None:
        """End trying to connect, leaving no socket to the garbage collector."""
        connecting.cancel()
        await asyncio.wait({connecting})
        await self.close()
        transport = self._nc._transport  # pyright: ignore[reportPrivateUsage]  # close() passes over a try just begun
        if transport is not None:
            transport.close()

    async def sync(self) -> None:
        """Return when the server has handled everything sent so far.

        nats-py's flush may overtake queued SUBs and PUBs; giving its flusher a turn first prevents that.
        """
        await asyncio.sleep(0)
        await self._nc.flush()

    async def close(self) -> None:
        """Send what is queued and close."""
        for pending in list(self._pending.values()):
            _fail(pending.reply, ErrorCode.DISCONNECTED, "the connection is being closed")
        if not self._nc.is_closed:
            try:
                if self._nc.is_connected:
                    await self._nc.flush(timeout=2)
            except (NatsError, OSError, TimeoutError) as error:
                log.debug("flush_failed", error=str(error))
            try:
                await self._nc.close()
            except OSError as error:  # nats-py writes out what is queued even to a connection that is down
                log.debug("close_failed", error=str(error))
        await self._on_closed()

    async def call(
        self, verb: Verb[Any, R], request: Wire, *, agent: str | None = None, timeout: float | None = None
    ) -> R:
        """Call `verb` (of `agent`'s harness) and return its typed reply.

        `timeout` in seconds, the verb's own by default. Raises Refusal with the service's code, or
        `unavailable` (nothing answers), `disconnected` or `timeout` (outcome unknown), `forbidden` (NATS denied it).
        """
        subject = subjects.request(self.principal, verb, agent)
        data = await self.request(subject, request.model_dump_json().encode(), timeout or verb.seconds, agent=agent)
        try:
            return verb.reply.model_validate_json(data)
        except ValidationError as error:
            raise Refusal(ErrorCode.INTERNAL, f"{verb.full_name} answered something else than declared") from error

    async def call_persistently(
        self, verb: Verb[Any, R], request: Wire, *, agent: str | None = None, timeout: float | None = None
    ) -> R:
        """Like `call`, repeated with growing delays (0.05 s to 2 s) until the service gives its own answer.

        Only for verbs that are safe to repeat. Raises Refusal for the service's refusals only.
        """
        if not verb.repeatable:
            raise ValueError(f"{verb.full_name} is not safe to repeat")
        delay = 0.05
        while True:
            try:
                return await self.call(verb, request, agent=agent, timeout=timeout)
            except Refusal as refusal:
                if refusal.code not in _RETRYABLE or self.closed.is_set():
                    raise
                asked = float(refusal.details.get("retry_after_seconds", 0))
                log.info("call_repeats", verb=verb.full_name, code=refusal.code, delay_seconds=max(delay, asked))
            await asyncio.sleep(max(delay, asked))
            delay = min(delay * 2, 2.0)

    async def request(self, subject: str, payload: bytes, timeout: float, *, agent: str | None = None) -> bytes:
        """Send a raw request and return the reply's bytes; errors as in `call`."""
        if not self._nc.is_connected:
            raise Refusal(ErrorCode.UNAVAILABLE, "the connection to NATS is down; nothing was sent")
        reply_to = subjects.reply_prefix(self.principal, self._connection, agent) + secrets.token_hex(16)
        reply: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._pending[reply_to] = _Pending(subject, time.time(), reply)
        headers = {DEADLINE_HEADER: f"{time.time() + timeout:.3f}", REQUEST_ID_HEADER: current_request_id()}
        try:
            await self._nc.publish(subject, payload, reply=reply_to, headers=headers)
            async with asyncio.timeout(timeout):
                message = await reply
        except TimeoutError:
            raise Refusal(ErrorCode.TIMEOUT, f"no answer on {subject} within {timeout:g} s") from None
        except MaxPayloadError:
            raise Refusal(ErrorCode.BODY_TOO_LARGE, "the request is larger than NATS takes") from None
        except (ConnectionClosedError, ConnectionDrainingError, OutboundBufferLimitError) as error:
            raise Refusal(ErrorCode.UNAVAILABLE, f"the connection to NATS is down: {error}") from None
        finally:
            del self._pending[reply_to]
        return _unwrap(message, subject)

    async def publish_live(self, agent: str, kind: str, payload: bytes) -> None:
        """Publish a live event; dropped while the connection is down (history fills the gap)."""
        if self._nc.is_connected:
            await self._nc.publish(subjects.live(agent, kind), payload)

    async def subscribe(self, subject: str, on_message: Callable[[str, bytes], None]) -> None:
        """Hand every message on `subject` to `on_message(subject, payload)`, for as long as the connection lives."""

        async def receive(message: Msg) -> None:
            on_message(message.subject, message.data)

        await self._nc.subscribe(subject, cb=receive)
        await self.sync()

    @property
    def nats(self) -> Client:
        """The client itself, for the kit's own service and stream modules and for the tap."""
        return self._nc

    async def _on_reply(self, message: Msg) -> None:
        pending = self._pending.get(message.subject)
        if pending is not None and not pending.reply.done():
            pending.reply.set_result(message)

    async def _on_service_started(self, message: Msg) -> None:
        """Fail what was asked of a service before it started: its predecessor can't answer any more."""
        asked = f"hive.from.{self.principal}.{message.subject.rsplit('.', 1)[-1]}."
        try:
            started_at = float(message.data)
        except ValueError:
            return
        for pending in list(self._pending.values()):
            if pending.subject.startswith(asked) and pending.sent_at < started_at:
                _fail(pending.reply, ErrorCode.DISCONNECTED, "the service was started anew; the outcome is unknown")

    async def _on_error(self, error: Exception) -> None:
        # A refusal is not forgotten for the reset of the connection that may follow it at once.
        if not self._refused:
            self._failure = error
            self._refused = isinstance(error, NatsError) and "authorization" in str(error).lower()
        denied = _DENIED.search(str(error))
        if denied is None:
            log.warning("nats_error", principal=self.principal, error=str(error) or type(error).__name__)
            return
        log.warning("nats_denied", principal=self.principal, subject=denied[1])
        for pending in list(self._pending.values()):
            if pending.subject.lower() == denied[1].lower():
                _fail(pending.reply, ErrorCode.FORBIDDEN, f"{self.principal} may not publish {pending.subject}")

    async def _on_disconnected(self) -> None:
        self.up.clear()
        for pending in list(self._pending.values()):
            _fail(pending.reply, ErrorCode.DISCONNECTED, "the connection was lost; the outcome is unknown")

    async def _on_reconnected(self) -> None:
        log.info("nats_reconnected", principal=self.principal)
        self.up.set()
        for wake in self.on_up:
            wake()

    async def _on_closed(self) -> None:
        self.up.clear()
        self.closed.set()


def _fail(reply: "asyncio.Future[Msg]", code: ErrorCode, text: str) -> None:
    if not reply.done():
        reply.set_exception(Refusal(code, text))
        reply.exception()  # marks it as seen: its caller may have given up already


def _unwrap(message: Msg, subject: str) -> bytes:
    headers = message.headers or {}
    if headers.get("Status") == "503":
        raise Refusal(ErrorCode.UNAVAILABLE, f"nothing answers {subject}")
    if ERROR_CODE_HEADER not in headers:
        return message.data
    try:
        body = ErrorBody.model_validate_json(message.data)
    except ValidationError:
        body = ErrorBody(code=ErrorCode.INTERNAL, message=headers.get(ERROR_HEADER, "unreadable error"))
    raise Refusal(body.code, body.message, **body.details)


async def _wait_for_port(url: str, deadline: float | None) -> None:
    parts = urlsplit(url)
    while True:
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 4222)
        except OSError:
            if deadline is not None and time.monotonic() > deadline:
                raise Refusal(ErrorCode.UNAVAILABLE, f"no NATS server at {url}") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


__all__ = ["DEADLINE_HEADER", "ERROR_CODE_HEADER", "ERROR_HEADER", "REQUEST_ID_HEADER", "Bus"]
