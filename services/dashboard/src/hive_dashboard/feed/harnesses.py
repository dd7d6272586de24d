"""Listening to the harnesses: their live events go to tiles and pages, and silent ones are asked how they are."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import structlog
from hive_kit.bus import Bus
from hive_wire import agent
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentStatus, LiveEvent, LiveKind
from hive_wire.model import Empty
from hive_wire.page import LiveRowEvent
from pydantic import ValidationError

from hive_dashboard.listening import Listening
from hive_dashboard.projection import Projection
from hive_dashboard.stream import Pages

log = structlog.get_logger()

_UNHEARD = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.TIMEOUT, ErrorCode.FORBIDDEN})
_ASK_SECONDS = 3.0
_LOOK_SECONDS = 0.25


class Harnesses:
    """Keeps the tiles' status and signal, and forwards terminals' rows."""

    def __init__(
        self, bus: Bus, projection: Projection, pages: Pages, clock: Callable[[], datetime], listening: Listening
    ) -> None:
        self._bus, self._projection, self._pages, self._clock = bus, projection, pages, clock
        self._listening = listening
        self._states: dict[str, int] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._bus.subscribe("hive.live.>", self._on_live)
        self._bus.on_up.append(self._on_reconnected)
        while True:
            now = time.monotonic()
            running = self._projection.running()
            self._listening.runs(((view.name, view.container_since) for view in running), now)
            for name in self._listening.due(now):
                self._start(self._ask(name))
            self._pages.publish(self._projection.put_silent(self._listening.silent(now), self._clock()))
            await asyncio.sleep(_LOOK_SECONDS)

    def _on_live(self, subject: str, payload: bytes) -> None:
        try:
            event = LiveEvent.model_validate_json(payload)
            status = AgentStatus.model_validate(event.data) if event.kind == LiveKind.STATE else None
        except ValidationError as error:
            log.warning("live_event_unreadable", subject=subject, problems=error.error_count())
            return
        name = subject.split(".")[2]
        if event.agent != name:  # NATS vouches for the subject only
            log.warning("live_event_misnamed", subject=subject, agent=event.agent)
            return
        self._listening.hear(name, time.monotonic())
        if status is not None:
            self._states[name] = self._states.get(name, 0) + 1
            self._pages.publish(self._projection.put_status(name, status))
        self._pages.publish_live(LiveRowEvent(event=event))

    def _on_reconnected(self) -> None:
        """Rows may have been missed: pages fill their terminals from history when they begin anew."""
        self._listening.ask_all()
        self._pages.reset()

    async def _ask(self, name: str) -> None:
        states = self._states.get(name)
        try:
            status = await self._bus.call(agent.STATUS, Empty(), agent=name, timeout=_ASK_SECONDS)
        except Refusal as refusal:
            if refusal.code not in _UNHEARD:
                self._listening.hear(name, time.monotonic())
            return
        self._listening.hear(name, time.monotonic())
        if states == self._states.get(name):  # else a live event came meanwhile: it is as new or newer
            self._pages.publish(self._projection.put_status(name, status))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
