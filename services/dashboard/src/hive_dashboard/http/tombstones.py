"""What is kept of destroyed agents over HTTP: the list, asking for one anew, and removing it for good."""

from fastapi import APIRouter
from hive_wire import approvals, tombstones
from hive_wire.approvals import SpawnRequest
from hive_wire.lifecycle import AgentName
from hive_wire.model import Empty
from hive_wire.page import ReviveForm
from starlette.responses import Response

from hive_dashboard.http.parts import AgentPath, UsedParts, reply

router = APIRouter(prefix="/api/tombstones")


@router.get("")
async def kept(parts: UsedParts) -> Response:
    return reply(await parts.operator.call(tombstones.TOMBSTONES, Empty()))


@router.post("/{name}/revive")
async def revive(parts: UsedParts, name: AgentPath, form: ReviveForm) -> Response:
    request = SpawnRequest(name=name, description=form.description, key=form.key)
    return reply(await parts.operator.call(approvals.REVIVE, request))


@router.post("/{name}/purge")
async def purge(parts: UsedParts, name: AgentPath) -> Response:
    return reply(await parts.operator.call(tombstones.PURGE_TOMBSTONE, AgentName(name=name)))
