"""Loose ends over HTTP: everything in the swarm that somebody waits for."""

from fastapi import APIRouter
from hive_wire import approvals
from hive_wire.model import Empty
from starlette.responses import Response

from hive_dashboard.http.parts import UsedParts, reply

router = APIRouter(prefix="/api/loose-ends")


@router.get("")
async def loose_ends(parts: UsedParts) -> Response:
    return reply(await parts.operator.call(approvals.LOOSE_ENDS, Empty()))
