"""Mail over HTTP: each route is one of the broker's verbs, called as the operator."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from hive_wire import broker
from hive_wire.broker import FileRequest, HistoryRequest, MessageId, MessageIds, RecentRequest, SendRequest
from hive_wire.names import OPERATOR
from starlette.responses import Response

from hive_dashboard.http.parts import Before, Id, UsedParts, reply

router = APIRouter(prefix="/api/messages")
inbox_router = APIRouter(prefix="/api/inbox")


@inbox_router.get("")
async def inbox(
    parts: UsedParts,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    open: bool = False,
) -> Response:
    request = RecentRequest(inbox=OPERATOR, before=before, limit=limit, open=open)
    return reply(await parts.operator.call(broker.RECENT, request))


@router.get("")
async def older(
    parts: UsedParts,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    state: broker.MessageState | None = None,
) -> Response:
    return reply(await parts.operator.call(broker.HISTORY, HistoryRequest(before=before, limit=limit, state=state)))


@router.post("")
async def send(parts: UsedParts, message: SendRequest) -> Response:
    return reply(await parts.operator.call(broker.SEND, message))


@router.post("/shown")
async def shown(parts: UsedParts, which: MessageIds) -> Response:
    return reply(await parts.operator.call(broker.MARK_SHOWN, which))


@router.get("/{id}")
async def one(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(broker.MESSAGE_STATUS, MessageId(id=id)))


@router.get("/{id}/thread")
async def thread(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(broker.THREAD, MessageId(id=id)))


@router.get("/{id}/files/{number}")
async def file(parts: UsedParts, id: Id, number: Annotated[int, Path(ge=0, le=1000)]) -> Response:
    return reply(await parts.operator.call(broker.READ_FILE, FileRequest(id=id, number=number)))


@router.post("/{id}/handled")
async def handled(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(broker.MARK_HANDLED, MessageIds(ids=[id])))


@router.post("/{id}/{decision}")
async def decide(parts: UsedParts, id: Id, decision: Literal["retry", "dismiss"]) -> Response:
    verb = broker.DEAD_RETRY if decision == "retry" else broker.DEAD_DISMISS
    return reply(await parts.operator.call(verb, MessageId(id=id)))
