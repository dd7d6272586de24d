"""Actions over HTTP: what was done to agents, and what it printed."""

from typing import Annotated

from fastapi import APIRouter, Query
from hive_wire import builds
from hive_wire.builds import OUTPUT_LINES_MAX, ActionsRequest, OutputRequest
from starlette.responses import Response

from hive_dashboard.http.parts import Before, Id, UsedParts, reply

router = APIRouter(prefix="/api/actions")


@router.get("")
async def actions(
    parts: UsedParts,
    agent: Annotated[str | None, Query(max_length=64)] = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 30,
) -> Response:
    return reply(await parts.operator.call(builds.ACTIONS, ActionsRequest(agent=agent, before=before, limit=limit)))


@router.get("/{id}/output")
async def output(
    parts: UsedParts,
    id: Id,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=OUTPUT_LINES_MAX)] = 500,
) -> Response:
    return reply(await parts.operator.call(builds.OUTPUT, OutputRequest(action=id, after=after, limit=limit)))
