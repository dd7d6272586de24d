"""Questions over HTTP: the list, answers, cancelling, and holding a deadline while an answer is written."""

from typing import Annotated

from fastapi import APIRouter, Query
from hive_wire import approvals
from hive_wire.approvals import AnswerRequest, QuestionId, QuestionsRequest
from hive_wire.page import AnswerForm
from starlette.responses import Response

from hive_dashboard.http.parts import Before, Id, UsedParts, reply

router = APIRouter(prefix="/api/questions")


@router.get("")
async def questions(
    parts: UsedParts,
    open: bool = True,
    to: Annotated[str | None, Query(max_length=64)] = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    request = QuestionsRequest(open=open, to=to, before=before, limit=limit)
    return reply(await parts.operator.call(approvals.QUESTIONS, request))


@router.post("/{id}/answer")
async def answer(parts: UsedParts, id: Id, form: AnswerForm) -> Response:
    request = AnswerRequest(id=id, options=form.options, text=form.text)
    return reply(await parts.operator.call(approvals.ANSWER, request))


@router.post("/{id}/cancel")
async def cancel(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(approvals.CANCEL_QUESTION, QuestionId(id=id)))


@router.post("/{id}/hold")
async def hold(parts: UsedParts, id: Id) -> Response:
    return reply(await parts.operator.call(approvals.HOLD_QUESTION, QuestionId(id=id)))
