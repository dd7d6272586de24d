"""What a browser does: requests with its own cookies, and the event stream."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

SECONDS = 40.0


@dataclass(frozen=True)
class PageEvent:
    """A server-sent event as a browser gets it."""

    kind: str
    id: str | None
    data: dict[str, Any]


class Page:
    """A browser's tab: a client with its own cookies, on the dashboard's address."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.client.get(path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return await self.client.post(path, json={} if body is None else body, **options)

    async def snapshot(self) -> dict[str, Any]:
        answer = await self.get("/api/snapshot")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def tile(self, name: str) -> dict[str, Any] | None:
        return next((tile for tile in (await self.snapshot())["agents"] if tile["name"] == name), None)

    @asynccontextmanager
    async def events(
        self, after: str, agent: str | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator["Events"]:
        query = {"after": after, **({"agent": agent} if agent else {})}
        async with self.client.stream("GET", "/api/events", params=query, headers=headers or {}) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            opened = Events(answer.aiter_lines())
            try:
                yield opened
            finally:
                await opened.close()


async def _parse(lines: AsyncIterator[str]) -> AsyncGenerator[PageEvent]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "event" in fields:
            yield PageEvent(fields["event"], fields.get("id"), json.loads(fields["data"]))
        fields = {}


class Events:
    """An open stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._events = _parse(lines)

    async def until(self, last: Callable[[PageEvent], bool]) -> list[PageEvent]:
        """Events up to and with the first that `last` holds for; pings left out."""
        taken: list[PageEvent] = []
        async with asyncio.timeout(SECONDS):
            async for event in self._events:
                if event.kind != "ping":
                    taken.append(event)
                    if last(event):
                        return taken
        raise AssertionError(f"the stream ended after {taken}")

    async def kind(self, kind: str) -> PageEvent:
        """The next event of a kind."""
        return (await self.until(lambda event: event.kind == kind))[-1]

    async def end(self) -> list[PageEvent]:
        """Everything until the server ends the stream."""
        async with asyncio.timeout(SECONDS):
            return [event async for event in self._events if event.kind != "ping"]

    async def ping(self) -> PageEvent:
        """The next ping."""
        async with asyncio.timeout(SECONDS):
            async for event in self._events:
                if event.kind == "ping":
                    return event
        raise AssertionError("the stream ended")

    async def close(self) -> None:
        await self._events.aclose()
