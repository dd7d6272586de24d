"""The page's snapshot and its one event stream (server-sent events)."""

import time
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from hive_dashboard.http.parts import Parts, UsedParts, reply
from hive_dashboard.http.security import session_of
from hive_dashboard.login import session_by_hash
from hive_dashboard.stream import Subscription

router = APIRouter(prefix="/api")


@router.get("/snapshot")
async def snapshot(parts: UsedParts) -> Response:
    return reply(parts.projection.snapshot(parts.pages.position))


@router.get("/events")
async def events(
    parts: UsedParts,
    request: Request,
    after: Annotated[str | None, Query(max_length=64)] = None,
    agent: Annotated[str | None, Query(max_length=64)] = None,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    subscription = parts.pages.subscribe(last_event_id or after, agent or None, session_of(request).hash)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_frames(parts, subscription), headers=headers, media_type="text/event-stream")


async def _frames(parts: Parts, subscription: Subscription) -> AsyncGenerator[bytes]:
    """Frames until the page goes away, its session ends or the dashboard stops."""
    checked = time.monotonic()
    every = parts.settings.ping_seconds
    try:
        yield b": hello\n\n"
        while not subscription.over:
            yield await subscription.next(every)
            if time.monotonic() - checked >= every:
                checked = time.monotonic()
                if await session_by_hash(parts.database, subscription.session, int(time.time())) is None:
                    return
    finally:
        parts.pages.unsubscribe(subscription)
