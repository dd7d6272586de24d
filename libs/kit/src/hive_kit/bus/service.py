# pyright: reportUnknownMemberType=false
# (nats-py annotates its subscriptions with a bare Future)
"""Answering verbs: identity and role checks, concurrency limits, deadlines, errors, and the NATS micro protocol.

A request is authentic only if its subject parses strictly and its reply inbox belongs to the same principal:
without the second check other principals' subjects can be reached through servers that republish.
"""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from hive_wire import subjects
from hive_wire.errors import ErrorBody, ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.names import Role, role_of
from hive_wire.verb import Verb
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.nuid import NUID
from pydantic import ValidationError

from hive_kit.bus.connection import DEADLINE_HEADER, ERROR_CODE_HEADER, ERROR_HEADER, REQUEST_ID_HEADER, Bus
from hive_kit.metrics import REFUSED_IDENTITIES, REQUEST_SECONDS, REQUESTS
from hive_kit.request_id import begin_request

log = structlog.get_logger()

Q = TypeVar("Q", bound=Wire)
R = TypeVar("R", bound=Wire)
Json = dict[str, Any]  # Any: the micro protocol's JSON

_MICRO_PREFIX = "io.nats.micro.v1"
_OVERDUE = "the request's deadline is over"


@dataclass(frozen=True)
class Caller:
    """Who asks: a principal that NATS vouches for, and its role."""

    principal: str
    role: Role


@dataclass
class _Endpoint:
    verb: Verb[Any, Any]
    subject: str
    handler: Callable[[Caller, Any], Awaitable[Wire]]  # Any: the verb's own request model
    limit: int
    long_poll: bool = False
    requests: int = 0
    errors: int = 0
    rejected: int = 0
    in_flight: int = 0
    nanoseconds: int = 0
    last_error: str = ""
    subscription: Subscription | None = None
    by_caller: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self._answered = REQUESTS.labels(self.verb.full_name, "ok")
        self._seconds = REQUEST_SECONDS.labels(self.verb.full_name)

    def count(self, outcome: str, nanoseconds: int) -> None:
        """One more request has ended."""
        self.requests += 1
        self.nanoseconds += nanoseconds
        self._seconds.observe(nanoseconds / 1e9)
        if outcome == "ok":
            self._answered.inc()
        else:
            REQUESTS.labels(self.verb.full_name, outcome).inc()


class Service:
    """A set of verbs answered over one connection. `agent` is set for a harness, which answers for one agent."""

    def __init__(self, bus: Bus, name: str, version: str, description: str, agent: str | None = None) -> None:
        self._bus = bus
        self._name = name
        self._version = version
        self._description = description
        self._agent = agent
        self._id = NUID().next().decode()
        self._started = datetime.now(UTC)
        self._endpoints: dict[str, _Endpoint] = {}
        self._control: list[Subscription] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def add(
        self,
        verb: Verb[Q, R],
        handler: Callable[[Caller, Q], Awaitable[R]],
        limit: int = 256,
        *,
        long_poll: bool = False,
    ) -> None:
        """Answer `verb` with `handler`; at most `limit` at a time, and half of that for one caller.

        `long_poll`: its requests wait for something; a stop of the service does not wait for them.
        """
        subject = subjects.pattern(verb, self._agent)
        self._endpoints[verb.name] = _Endpoint(verb, subject, handler, limit, long_poll)

    async def start(self) -> None:
        """Subscribe; returns when the server knows."""
        if self._agent is None:
            await self._answer_discovery()
        for endpoint in self._endpoints.values():
            endpoint.subscription = await self._bus.nats.subscribe(
                endpoint.subject, queue=self._name, cb=self._receiver(endpoint)
            )
        await self._bus.sync()

    async def announce(self, principals: Iterable[str]) -> None:
        """Tell these that the service has started, so that what they asked of its predecessor fails at once.

        A killed service leaves its callers waiting: NATS does not tell them. Only needed where calls wait for long.
        """
        started = f"{self._started.timestamp():.6f}".encode()
        for principal in principals:
            await self._bus.nats.publish(subjects.started_notice(principal, self._name), started)
        await self._bus.sync()

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Take no more requests, let those in hand end within the grace, send their replies."""
        try:
            for subscription in self._control:
                await subscription.unsubscribe()  # is with the server by the time that the others are drained
            await self._drain([e.subscription for e in self._endpoints.values() if e.subscription])
        except (NatsError, OSError) as error:
            log.debug("drain_failed", error=str(error))
        long_polls = {endpoint.verb.full_name for endpoint in self._endpoints.values() if endpoint.long_poll}
        for task in list(self._tasks):
            if task.get_name() in long_polls:
                task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()

    async def _drain(self, subscriptions: list[Subscription]) -> None:
        """Hear what the server sent before it knew; nats-py's own drain may throw away the last requests,
        because its PING overtakes the queued UNSUB."""
        for subscription in subscriptions:
            number = subscription._id  # pyright: ignore[reportPrivateUsage]  # nats-py has no public name for it
            await self._bus.nats._send_unsubscribe(number)  # pyright: ignore[reportPrivateUsage]  # nor for this
        await self._bus.sync()
        for subscription in subscriptions:
            await subscription.drain()

    def _receiver(self, endpoint: _Endpoint) -> Callable[[Msg], Awaitable[None]]:
        async def receive(message: Msg) -> None:
            parsed = subjects.parse_request(message.subject)
            if parsed is None or not message.reply.startswith(subjects.inbox_root(parsed.principal)):
                endpoint.rejected += 1
                REFUSED_IDENTITIES.labels(self._name).inc()
                log.warning("identity_refused", subject=message.subject, reply=message.reply)
                return
            caller = Caller(parsed.principal, role_of(parsed.principal))
            refusal = _admit(endpoint, caller)
            if refusal is not None:
                endpoint.rejected += 1
                await self._refuse(message, refusal)
                return
            endpoint.in_flight += 1
            endpoint.by_caller[caller.principal] = endpoint.by_caller.get(caller.principal, 0) + 1
            task = asyncio.create_task(self._answer(endpoint, caller, message), name=endpoint.verb.full_name)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            left = _seconds_left((message.headers or {}).get(DEADLINE_HEADER))
            if left is not None:  # not asyncio.timeout: that costs a twentieth of a whole send
                overdue = asyncio.get_running_loop().call_later(left, task.cancel, _OVERDUE)
                task.add_done_callback(lambda _: overdue.cancel())

        return receive

    async def _answer(self, endpoint: _Endpoint, caller: Caller, message: Msg) -> None:
        began = time.perf_counter_ns()
        headers = message.headers or {}
        begin_request(headers.get(REQUEST_ID_HEADER))
        outcome = "ok"
        try:
            reply = await endpoint.handler(caller, _decode(endpoint.verb, message.data))
            await self._publish(message, reply.model_dump_json().encode(), None)
        except (Exception, asyncio.CancelledError) as error:  # the door's edge: every failure becomes a reply
            refusal = _as_refusal(error, endpoint, caller)
            outcome = refusal.code
            endpoint.errors += 1
            endpoint.last_error = str(refusal)[:300]
            await self._refuse(message, refusal)
            if isinstance(error, asyncio.CancelledError) and error.args != (_OVERDUE,):
                raise
        finally:
            endpoint.in_flight -= 1
            endpoint.by_caller[caller.principal] -= 1
            if not endpoint.by_caller[caller.principal]:
                del endpoint.by_caller[caller.principal]
            endpoint.count(outcome, time.perf_counter_ns() - began)

    async def _refuse(self, message: Msg, refusal: Refusal) -> None:
        text = refusal.message.replace("\r", " ").replace("\n", " ")[:300]
        headers = {ERROR_CODE_HEADER: str(refusal.code), ERROR_HEADER: text}
        body = ErrorBody(code=refusal.code, message=refusal.message, details=refusal.details)
        await self._publish(message, body.model_dump_json().encode(), headers)

    async def _publish(self, message: Msg, payload: bytes, headers: dict[str, str] | None) -> None:
        """Send a reply. Raises MaxPayloadError; a connection that is down is only logged: the caller's is, too."""
        try:
            await self._bus.nats.publish(message.reply, payload, headers=headers)
        except MaxPayloadError:
            raise
        except (NatsError, OSError) as error:
            log.warning("reply_failed", subject=message.subject, error=str(error))

    async def _answer_discovery(self) -> None:
        for verb, content in (("PING", dict[str, Any]), ("INFO", self._info), ("STATS", self._stats)):
            for subject in (f"$SRV.{verb}", f"$SRV.{verb}.{self._name}", f"$SRV.{verb}.{self._name}.{self._id}"):
                subscription = await self._bus.nats.subscribe(subject, cb=self._discovery(verb, content))
                self._control.append(subscription)

    def _discovery(self, verb: str, content: Callable[[], Json]) -> Callable[[Msg], Awaitable[None]]:
        async def respond(message: Msg) -> None:
            identity: Json = {"name": self._name, "id": self._id, "version": self._version, "metadata": {}}
            reply: Json = {"type": f"{_MICRO_PREFIX}.{verb.lower()}_response", **identity, **content()}
            if message.reply:
                await self._bus.nats.publish(message.reply, json.dumps(reply).encode())

        return respond

    def _info(self) -> Json:
        endpoints = [
            {
                "name": name,
                "subject": endpoint.subject,
                "queue_group": self._name,
                "metadata": {
                    "doc": endpoint.verb.doc,
                    "roles": ",".join(sorted(endpoint.verb.roles)),
                    "schema": json.dumps(endpoint.verb.request.model_json_schema()),
                },
            }
            for name, endpoint in self._endpoints.items()
        ]
        return {"description": self._description, "endpoints": endpoints}

    def _stats(self) -> Json:
        endpoints = [
            {
                "name": name,
                "subject": endpoint.subject,
                "queue_group": self._name,
                "num_requests": endpoint.requests,
                "num_errors": endpoint.errors,
                "last_error": endpoint.last_error,
                "processing_time": endpoint.nanoseconds,
                "average_processing_time": endpoint.nanoseconds // max(1, endpoint.requests),
                "data": {"in_flight": endpoint.in_flight, "rejected": endpoint.rejected},
            }
            for name, endpoint in self._endpoints.items()
        ]
        return {"started": self._started.isoformat().replace("+00:00", "Z"), "endpoints": endpoints}


def _admit(endpoint: _Endpoint, caller: Caller) -> Refusal | None:
    if caller.role not in endpoint.verb.roles:
        return Refusal(ErrorCode.FORBIDDEN, f"{endpoint.verb.full_name} is not for {caller.role}s")
    share = endpoint.limit // 2
    if endpoint.in_flight >= endpoint.limit or endpoint.by_caller.get(caller.principal, 0) >= share:
        return Refusal(ErrorCode.BUSY, f"{endpoint.verb.full_name} has its hands full; try again")
    return None


def _decode(verb: Verb[Q, Any], data: bytes) -> Q:
    try:
        return verb.request.model_validate_json(data or b"{}")
    except ValidationError as error:
        problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors()]
        first = problems[0]
        where = f"{first['field']}: " if first["field"] else ""
        text = f"{verb.full_name}: {where}{first['problem']}"
        raise Refusal(ErrorCode.BAD_REQUEST, text, errors=problems) from None


def _seconds_left(deadline: str | None) -> float | None:
    if deadline is None:
        return None
    try:
        left = float(deadline) - time.time()
    except ValueError:
        return None
    return max(0.0, left) if math.isfinite(left) else None


def _as_refusal(error: BaseException, endpoint: _Endpoint, caller: Caller) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError) or error.args == (_OVERDUE,):
        return Refusal(ErrorCode.TIMEOUT, f"{endpoint.verb.full_name} was not done before its deadline")
    if isinstance(error, asyncio.CancelledError):
        return Refusal(ErrorCode.UNAVAILABLE, "the service is stopping")
    log.error("handler_failed", verb=endpoint.verb.full_name, caller=caller.principal, exc_info=error)
    return Refusal(ErrorCode.INTERNAL, f"{endpoint.verb.full_name} failed; the service's log says why")
