"""Following the broker, approvals and lifecycle: the stream's end first, then snapshots, then events from there on.

A service that doesn't answer is shown as unreachable and asked again until it does; nothing else waits for it.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from hive_kit.bus import Bus
from hive_kit.stream import Envelope, StreamReset, ensure_stream, follow, stream_head
from hive_wire import approvals, broker, catalog, lifecycle
from hive_wire.approvals import ApprovalsSnapshot, QuestionList
from hive_wire.broker import BrokerSnapshot, MessageList
from hive_wire.errors import Refusal
from hive_wire.lifecycle import LifecycleSnapshot
from hive_wire.model import Empty
from hive_wire.verb import Verb
from pydantic import ValidationError

from hive_dashboard.feed.backlog import open_questions, unhandled_mail
from hive_dashboard.projection import Projection
from hive_dashboard.sources import Numbered, Source
from hive_dashboard.stream import Pages

log = structlog.get_logger()

_EVENT_ID = re.compile(r"(?P<service>[a-z]+):(?P<store>[^:]+):(?P<n>\d+)\Z")
_RETRY_SECONDS = 0.5
_PING_SECONDS = 3.0

_Snapshot = BrokerSnapshot | LifecycleSnapshot | ApprovalsSnapshot


@dataclass
class _Followed:
    """A service that is followed. `wanted` is set while it needs a snapshot; `losses` counts why."""

    service: str
    verb: Verb[Empty, Any]  # Any: one of the three snapshots
    source: Source = field(default_factory=Source)
    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    losses: int = 0
    instance: str | None = None
    """The run of the service whose database was last looked at."""

    def lose(self) -> None:
        """What was applied so far is no ground to go on from: a snapshot is needed."""
        self.losses += 1
        self.source.begin()
        self.wanted.set()


@dataclass(frozen=True)
class _Beginning:
    """What a service's part of the projection begins with."""

    snapshot: _Snapshot
    mail: MessageList | None = None
    """The operator's unhandled mail, beside the broker's snapshot."""
    questions: QuestionList | None = None
    """The operator's open questions, where approvals' snapshot can't hold all."""


class Services:
    """Keeps the projection in step with the services. `joined` is set once each was reached for the first time."""

    def __init__(
        self,
        bus: Bus,
        operator: Bus,
        projection: Projection,
        pages: Pages,
        clock: Callable[[], datetime],
        probe_seconds: float,
    ) -> None:
        self._bus, self._operator = bus, operator
        self._projection, self._pages, self._clock = projection, pages, clock
        self._probe_seconds = probe_seconds
        self._followed = {
            followed.service: followed
            for followed in (
                _Followed(broker.SERVICE, broker.SNAPSHOT),
                _Followed(lifecycle.SERVICE, lifecycle.SNAPSHOT),
                _Followed(approvals.SERVICE, approvals.SNAPSHOT),
            )
        }
        self.joined = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            for followed in self._followed.values():
                group.create_task(self._join(followed))
                group.create_task(self._probe(followed))

    async def _follow(self) -> None:
        while True:
            await ensure_stream(self._bus)
            head = await stream_head(self._bus)
            for followed in self._followed.values():
                followed.lose()
            try:
                async for envelope in follow(self._bus, head):
                    self._take(envelope)
            except StreamReset as reset:
                log.warning("stream_reset", reason=str(reset))

    def _take(self, envelope: Envelope) -> None:
        numbered = _decode(envelope)
        followed = numbered and self._followed.get(numbered.event.service)
        if not numbered or not followed:
            return
        for event in followed.source.take(numbered):
            self._pages.publish(self._projection.apply(event.event, event.payload, self._clock()))
        if not followed.source.synced and not followed.wanted.is_set():
            log.warning("service_store_changed", service=followed.service, store=numbered.store)
            followed.lose()

    async def _join(self, followed: _Followed) -> None:
        while True:
            await followed.wanted.wait()
            losses = followed.losses
            followed.source.begin()
            began = await self._beginning(followed)
            if began is None:
                await asyncio.sleep(_RETRY_SECONDS)
            elif losses == followed.losses:
                self._install(followed, began)

    def _install(self, followed: _Followed, began: _Beginning) -> None:
        now, snapshot = self._clock(), began.snapshot
        events = followed.source.install(snapshot.store, snapshot.outbox_id)
        self._projection.install(snapshot, now)
        if began.mail is not None:
            self._projection.install_inbox(began.mail.messages, began.mail.more)
        if began.questions is not None:
            self._projection.install_questions(began.questions.questions, began.questions.more)
        self._projection.put_reachable(followed.service, True)
        for event in events:
            self._projection.apply(event.event, event.payload, now)
        self._pages.reset()
        if followed.source.synced:
            followed.wanted.clear()
        log.info("service_joined", service=followed.service, outbox_id=snapshot.outbox_id, waiting=len(events))
        if not any(other.wanted.is_set() for other in self._followed.values()):
            self.joined.set()

    async def _beginning(self, followed: _Followed) -> _Beginning | None:
        snapshot = await self._snapshot(followed)
        try:
            if isinstance(snapshot, BrokerSnapshot):
                return _Beginning(snapshot, mail=await unhandled_mail(self._operator))
            if isinstance(snapshot, ApprovalsSnapshot) and snapshot.questions_left_out:
                return _Beginning(snapshot, questions=await open_questions(self._operator))
            return _Beginning(snapshot) if snapshot else None
        except Refusal as refusal:
            self._show(followed.service, False, refusal)
            return None

    async def _snapshot(self, followed: _Followed) -> _Snapshot | None:
        try:
            instance = await self._ping(followed)
            snapshot = await self._bus.call(followed.verb, Empty())
        except Refusal as refusal:
            self._show(followed.service, False, refusal)
            return None
        followed.instance = instance
        return snapshot

    async def _probe(self, followed: _Followed) -> None:
        while True:
            await asyncio.sleep(self._probe_seconds)
            try:
                instance = await self._ping(followed)
            except Refusal as refusal:
                self._show(followed.service, False, refusal)
                continue
            if followed.wanted.is_set():
                continue
            if instance == followed.instance or await self._is_same_store(followed):
                self._show(followed.service, True, None)

    async def _is_same_store(self, followed: _Followed) -> bool:
        """Whether a service that was started anew still has the database that the projection is built on."""
        snapshot = await self._snapshot(followed)
        if snapshot is not None and snapshot.store != followed.source.store and not followed.wanted.is_set():
            log.warning("service_store_changed", service=followed.service, store=snapshot.store)
            followed.lose()
        return snapshot is not None and snapshot.store == followed.source.store

    async def _ping(self, followed: _Followed) -> str:
        """Which run of a service is there. Raises Refusal when none is."""
        pong = await self._operator.request(f"$SRV.PING.{followed.service}", b"", _PING_SECONDS)
        try:
            return str(json.loads(pong)["id"])
        except (ValueError, KeyError, TypeError):
            return ""

    def _show(self, service: str, reachable: bool, refusal: Refusal | None) -> None:
        events = self._projection.put_reachable(service, reachable)
        if events:
            log.info("service_reachable" if reachable else "service_unreachable", service=service, why=str(refusal))
            self._pages.publish(events)


def _decode(envelope: Envelope) -> Numbered | None:
    event = catalog.event(envelope.subject)
    identity = _EVENT_ID.match(envelope.id)
    if event is None or identity is None or identity["service"] != event.service:
        log.warning("event_unknown", subject=envelope.subject, id=envelope.id)
        return None
    try:
        payload = event.payload.model_validate_json(envelope.payload)
    except ValidationError as error:
        log.error("event_unreadable", subject=envelope.subject, id=envelope.id, error=str(error))
        return None
    return Numbered(identity["store"], int(identity["n"]), event, payload)
