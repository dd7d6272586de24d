"""The swarm's flake over HTTP: its inputs, updating them, and rebuilding what is out of date."""

from fastapi import APIRouter
from hive_wire import rollouts
from hive_wire.model import Empty
from hive_wire.rollouts import InputsUpdate
from starlette.responses import Response

from hive_dashboard.http.parts import UsedParts, reply

router = APIRouter(prefix="/api")


@router.get("/inputs")
async def inputs(parts: UsedParts) -> Response:
    return reply(await parts.operator.call(rollouts.INPUTS, Empty()))


@router.post("/inputs/update")
async def update(parts: UsedParts, form: InputsUpdate) -> Response:
    return reply(await parts.operator.call(rollouts.UPDATE_INPUTS, form))


@router.post("/rollouts")
async def update_all(parts: UsedParts) -> Response:
    return reply(await parts.operator.call(rollouts.UPDATE_ALL, Empty()))
