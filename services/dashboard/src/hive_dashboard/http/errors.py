"""Refusals as HTTP answers: one table from the wire's codes to statuses, one JSON form for everything."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.page import PageError
from starlette.exceptions import HTTPException
from starlette.responses import Response

log = structlog.get_logger()

STATUS: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.BAD_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_LOGGED_IN: HTTPStatus.UNAUTHORIZED,
    ErrorCode.BAD_LOGIN_CODE: HTTPStatus.FORBIDDEN,
    ErrorCode.BAD_ORIGIN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_RECIPIENT: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_AGENT: HTTPStatus.NOT_FOUND,
    ErrorCode.BAD_NAME: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.RESERVED_NAME: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.NAME_TAKEN: HTTPStatus.CONFLICT,
    ErrorCode.NAME_TOO_LONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.PORT_TAKEN: HTTPStatus.CONFLICT,
    ErrorCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.KEY_REUSED: HTTPStatus.CONFLICT,
    ErrorCode.STALE_EPOCH: HTTPStatus.CONFLICT,
    ErrorCode.NOT_IN_TURN: HTTPStatus.CONFLICT,
    ErrorCode.NOT_DEAD: HTTPStatus.CONFLICT,
    ErrorCode.SLOW_DOWN: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.ACTION_IN_FLIGHT: HTTPStatus.CONFLICT,
    ErrorCode.UNKNOWN_ACTION: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_INPUT: HTTPStatus.NOT_FOUND,
    ErrorCode.BROKEN_LOCK: HTTPStatus.CONFLICT,
    ErrorCode.BUILD_FAILED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.ROLLOUT_IN_FLIGHT: HTTPStatus.CONFLICT,
    ErrorCode.UNKNOWN_TOMBSTONE: HTTPStatus.NOT_FOUND,
    ErrorCode.AGENT_EXISTS: HTTPStatus.CONFLICT,
    ErrorCode.MANAGER_PROTECTED: HTTPStatus.CONFLICT,
    ErrorCode.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ErrorCode.BAD_PATH: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BAD_TIME: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BAD_COMMIT: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.UNKNOWN_COMMIT: HTTPStatus.NOT_FOUND,
    ErrorCode.NO_REPO: HTTPStatus.NOT_FOUND,
    ErrorCode.BAD_PROPOSAL: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FIXED_FILE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BAD_CONFIG: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.STALE_BASE: HTTPStatus.CONFLICT,
    ErrorCode.NOTHING_NEW: HTTPStatus.CONFLICT,
    ErrorCode.ALREADY_DECIDED: HTTPStatus.CONFLICT,
    ErrorCode.CHANGED_SINCE_SHOWN: HTTPStatus.CONFLICT,
    ErrorCode.DEPLOY_IN_FLIGHT: HTTPStatus.CONFLICT,
    ErrorCode.UNKNOWN_DRAFT: HTTPStatus.NOT_FOUND,
    ErrorCode.DRAFT_IN_USE: HTTPStatus.CONFLICT,
    ErrorCode.BAD_ANSWER: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.ALREADY_ANSWERED: HTTPStatus.CONFLICT,
    ErrorCode.BAD_RECIPIENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.HOLD_OVER: HTTPStatus.CONFLICT,
    ErrorCode.NOT_PENDING: HTTPStatus.CONFLICT,
    ErrorCode.NOT_RUNNING: HTTPStatus.CONFLICT,
    ErrorCode.NO_TURN: HTTPStatus.CONFLICT,
    ErrorCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.DISCONNECTED: HTTPStatus.BAD_GATEWAY,
    ErrorCode.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorCode.DISK_FULL: HTTPStatus.INSUFFICIENT_STORAGE,
    ErrorCode.STORAGE_FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def error_response(refusal: Refusal, status: int | None = None) -> Response:
    """A refusal as the page gets it; its code decides the status unless one is given."""
    headers = {"cache-control": "no-store"}
    if "retry_after_seconds" in refusal.details:
        headers["retry-after"] = str(max(1, round(refusal.details["retry_after_seconds"])))
    content = PageError(error=refusal.body()).model_dump_json()
    return Response(content, status or STATUS[refusal.code], headers, "application/json")


def internal_error(error: Exception, path: str) -> Response:
    """A fault of ours: the log has it, the page only hears that there was one."""
    log.error("http_failed", path=path, exc_info=error)
    return error_response(Refusal(ErrorCode.INTERNAL, "The dashboard failed; its log says why."))


def answer_errors(app: FastAPI) -> None:
    """Give every failure of `app` the same form."""

    @app.exception_handler(Refusal)
    async def refused(_request: Request, error: Refusal) -> Response:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def not_understood(_request: Request, error: RequestValidationError) -> Response:
        problems = [{"field": ".".join(map(str, e["loc"][1:])), "problem": str(e["msg"])} for e in error.errors()]
        first = problems[0]
        text = f"{first['field']}: {first['problem']}" if first["field"] else first["problem"]
        return error_response(Refusal(ErrorCode.BAD_REQUEST, text, errors=problems))

    @app.exception_handler(HTTPException)
    async def no_such_route(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.NOT_FOUND:
            return error_response(Refusal(ErrorCode.NOT_FOUND, f"There is nothing at {request.scope['path']}."))
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            text = f"{request.method} is not for {request.url.path}."
            return error_response(Refusal(ErrorCode.BAD_REQUEST, text), error.status_code)
        return error_response(Refusal(ErrorCode.BAD_REQUEST, str(error.detail)), error.status_code)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return internal_error(error, request.url.path)

    _ = (refused, not_understood, no_such_route, failed)
