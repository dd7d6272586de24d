"""The page's one event stream: numbers every event, keeps the last ones, and lets each page read at its own pace.

A page holds nothing but its place in the ring, so a slow one costs nothing and holds up nobody: when the ring has
gone past it, it is told to begin anew. A page's bounded queue is the ring itself.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hive_wire.page import LiveRowEvent, PageEvent, PingEvent, ResetEvent

KEPT = 20_000
KEPT_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
LINGER_SECONDS = 60.0
"""An agent's rows are kept for that long after the last page that watched it went away: it may come back."""


@dataclass(frozen=True)
class _Frame:
    agent: str | None
    """Set for a row of that agent's terminal, which only pages that watch it get."""
    data: bytes


class Subscription:
    """One page's place in the stream."""

    def __init__(self, pages: "Pages", at: int | None, agent: str | None, session: str) -> None:
        self._pages = pages
        self._at = at
        self.agent = agent
        self.session = session
        self.wake = asyncio.Event()
        self.over = False
        """Nothing comes after what `next` returned last."""

    async def next(self, seconds: float) -> bytes:
        """The next frames; a ping when nothing came in time; nothing, with `over`, at the end."""
        while not self.over:
            self.wake.clear()
            self._at, frames = self._pages.read(self._at, self.agent)
            if self._at is None:
                self.over = True
                return reset_frame()
            if frames:
                return frames
            try:
                async with asyncio.timeout(seconds):
                    await self.wake.wait()
            except TimeoutError:
                return _frame(PingEvent(), f"{self._pages.boot}:{self._at}")
        return b""

    async def ended(self) -> None:
        """Return when the session or the dashboard has ended; for a page that waits for something else."""
        while not self.over:
            self.wake.clear()
            await self.wake.wait()

    def end(self) -> None:
        """End the page's stream."""
        self.over = True
        self.wake.set()


class Pages:
    """The numbered events and the pages that follow them. Used from one event loop; nothing here waits for a page."""

    def __init__(
        self, kept: int = KEPT, kept_bytes: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.boot = secrets.token_hex(4)
        self._kept, self._kept_bytes, self._clock = kept, kept_bytes, clock
        self._ring: dict[int, _Frame] = {}
        self._bytes = 0
        self._first = 1
        self._last = 0
        self._open: set[Subscription] = set()
        self._watched_until: dict[str, float] = {}
        self._closed = False

    @property
    def position(self) -> str:
        """The number of the last event, as pages say it."""
        return f"{self.boot}:{self._last}"

    def publish(self, events: Iterable[PageEvent]) -> None:
        """Number events and hand them to every page."""
        published = False
        for event in events:
            self._add(event, None)
            published = True
        if published:
            self._wake(None)

    def publish_live(self, event: LiveRowEvent) -> None:
        """Number a terminal's row and hand it to the pages that watch that agent; nothing where none does."""
        agent = event.event.agent
        if self._is_watched(agent):
            self._add(event, agent)
            self._wake(agent)

    def reset(self) -> None:
        """Make every page begin anew, also those that come back later."""
        self._last += 1
        self._ring.clear()
        self._bytes = 0
        self._first = self._last + 1
        self._wake(None)

    def subscribe(self, after: str | None, agent: str | None, session: str) -> Subscription:
        """Follow the stream from a position, with `agent`'s rows."""
        subscription = Subscription(self, self._parse(after), agent, session)
        self._open.add(subscription)
        if self._closed:
            subscription.end()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """A page went away."""
        self._open.discard(subscription)
        if subscription.agent:
            self._watched_until[subscription.agent] = self._clock() + LINGER_SECONDS

    def end_session(self, session: str) -> None:
        """End the streams of a session that was revoked."""
        for subscription in [s for s in self._open if s.session == session]:
            subscription.end()

    def close(self) -> None:
        """End every page's stream: the dashboard stops."""
        self._closed = True
        for subscription in list(self._open):
            subscription.end()

    def read(self, at: int | None, agent: str | None) -> tuple[int | None, bytes]:
        """The frames after `at` for a page that watches `agent`, and where it is then; None: begin anew."""
        if at is None or at < self._first - 1:
            return None, b""
        frames: list[bytes] = []
        size = 0
        while at < self._last and size < CHUNK_BYTES:
            at += 1
            frame = self._ring[at]
            if frame.agent is None or frame.agent == agent:
                frames.append(frame.data)
                size += len(frame.data)
        return at, b"".join(frames)

    def _add(self, event: PageEvent, agent: str | None) -> None:
        self._last += 1
        frame = _Frame(agent, _frame(event, self.position))
        self._ring[self._last] = frame
        self._bytes += len(frame.data)
        while len(self._ring) > self._kept or self._bytes > self._kept_bytes:
            self._bytes -= len(self._ring.pop(self._first).data)
            self._first += 1

    def _wake(self, agent: str | None) -> None:
        for subscription in self._open:
            if agent is None or subscription.agent == agent:
                subscription.wake.set()

    def _is_watched(self, agent: str) -> bool:
        return any(s.agent == agent for s in self._open) or self._watched_until.get(agent, 0) > self._clock()

    def _parse(self, after: str | None) -> int | None:
        boot, _, number = (after or "").partition(":")
        if boot != self.boot or not number.isascii() or not number.isdigit():
            return None
        n = int(number)
        return n if n <= self._last else None


def reset_frame() -> bytes:
    """Tells a page to take a new snapshot. Without an id, so that the page's own place isn't moved."""
    return _frame(ResetEvent(), None)


def _frame(event: PageEvent, position: str | None) -> bytes:
    place = f"id: {position}\n" if position else ""
    return f"event: {event.type}\n{place}data: {event.model_dump_json()}\n\n".encode()
