"""Agents to be over HTTP: the list, and giving one up."""

from fastapi import APIRouter
from hive_wire import approvals
from hive_wire.approvals import DraftName
from hive_wire.model import Empty
from starlette.responses import Response

from hive_dashboard.http.parts import AgentPath, UsedParts, reply

router = APIRouter(prefix="/api/drafts")


@router.get("")
async def drafts(parts: UsedParts) -> Response:
    return reply(await parts.operator.call(approvals.DRAFTS, Empty()))


@router.post("/{name}/discard")
async def discard(parts: UsedParts, name: AgentPath) -> Response:
    return reply(await parts.operator.call(approvals.DISCARD_DRAFT, DraftName(name=name)))
