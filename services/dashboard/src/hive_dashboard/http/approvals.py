"""Approvals over HTTP: what a proposal changes, decisions on what was shown, what was decided before."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Header, Query
from hive_wire import approvals
from hive_wire.approvals import ApprovalId, DecideRequest, DiffRequest, HistoryRequest, SpawnRequest
from hive_wire.page import SpawnRequestForm
from starlette.responses import Response

from hive_dashboard.http.parts import Id, UsedParts, reply

router = APIRouter(prefix="/api/approvals")

Cursor = Annotated[str | None, Query(max_length=64)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=128)]
"""Made by the page, new for each request and kept for its retries."""


@router.get("/history")
async def history(parts: UsedParts, before: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 30) -> Response:
    return reply(await parts.operator.call(approvals.HISTORY, HistoryRequest(before=before, limit=limit)))


@router.get("/{id}")
async def one(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(approvals.APPROVAL, ApprovalId(id=id)))


@router.get("/{id}/diff")
async def diff(parts: UsedParts, id: Id, cursor: Cursor = None) -> Response:
    return reply(await parts.operator.call(approvals.DIFF, DiffRequest(id=id, cursor=cursor)))


@router.post("/decide")
async def decide(parts: UsedParts, decision: DecideRequest) -> Response:
    return reply(await parts.operator.call(approvals.DECIDE, decision))


@router.post("/spawn")
async def spawn(parts: UsedParts, form: SpawnRequestForm, idempotency_key: IdempotencyKey = None) -> Response:
    key = idempotency_key or str(uuid4())
    request = SpawnRequest(name=form.name, description=form.description, key=key)
    return reply(await parts.operator.call(approvals.REQUEST_SPAWN, request))
