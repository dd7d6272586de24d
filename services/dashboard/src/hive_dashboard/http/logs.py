"""An agent's journal over HTTP, also followed: an answer may wait for the next line.

A wait ends with the page, its session or the dashboard, whichever goes first.
"""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import LOG_LINES_MAX, LogsReply, LogsRequest, LogUnit
from starlette.responses import Response

from hive_dashboard.http.parts import AgentPath, Parts, UsedParts, reply
from hive_dashboard.http.security import session_of

router = APIRouter(prefix="/api/agents")

WAIT_SECONDS_MAX = 20.0


@router.get("/{name}/logs")
async def logs(
    parts: UsedParts,
    request: Request,
    name: AgentPath,
    unit: LogUnit = LogUnit.HARNESS,
    lines: Annotated[int, Query(ge=1, le=LOG_LINES_MAX)] = 200,
    after: Annotated[str | None, Query(max_length=512)] = None,
    wait: Annotated[float, Query(ge=0, le=WAIT_SECONDS_MAX)] = 0,
) -> Response:
    wish = LogsRequest(name=name, unit=unit, lines=lines, after=after, wait_seconds=wait)
    asking = parts.operator.call(lifecycle.LOGS, wish)
    return reply(await (_while_wanted(parts, request, asking) if wait else asking))


async def _while_wanted(
    parts: Parts,
    request: Request,
    asking: Coroutine[Any, Any, LogsReply],  # Any: a coroutine's other types
) -> LogsReply:
    subscription = parts.pages.subscribe(None, None, session_of(request).hash)
    answer = asyncio.ensure_future(asking)
    ends = [asyncio.ensure_future(subscription.ended()), asyncio.ensure_future(_gone(request))]
    try:
        await asyncio.wait([answer, *ends], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
    finally:
        parts.pages.unsubscribe(subscription)
        for task in (answer, *ends):
            task.cancel()
        await asyncio.gather(answer, *ends, return_exceptions=True)
    raise Refusal(ErrorCode.UNAVAILABLE, "The journal is no longer followed: the dashboard stops or nobody is there.")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
