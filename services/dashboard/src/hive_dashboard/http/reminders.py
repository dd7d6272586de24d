"""Reminders over HTTP: the open ones of the swarm, and cancelling."""

from typing import Annotated

from fastapi import APIRouter, Query
from hive_wire import broker
from hive_wire.broker import ReminderId, RemindersRequest
from starlette.responses import Response

from hive_dashboard.http.parts import Id, UsedParts, reply

router = APIRouter(prefix="/api/reminders")


@router.get("")
async def reminders(
    parts: UsedParts,
    owner: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    request = RemindersRequest(owner=owner, after=after, limit=limit)
    return reply(await parts.operator.call(broker.REMINDERS, request))


@router.post("/{id}/cancel")
async def cancel(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(broker.CANCEL_REMINDER, ReminderId(id=id)))
