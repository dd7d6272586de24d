"""Logging in with a code, out, and asking who is logged in."""

import time
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Timestamp, Wire
from hive_wire.names import OPERATOR
from hive_wire.page import LoginRequest
from starlette.responses import Response

from hive_dashboard.http.parts import Parts, UsedParts, reply
from hive_dashboard.http.security import cookie_name, session_of
from hive_dashboard.login import SESSION_SECONDS, NewSession, end_session, open_session

log = structlog.get_logger()
router = APIRouter(prefix="/api")


class LoggedIn(Wire):
    """Who is logged in, and until when."""

    principal: str
    expires_at: Timestamp


@router.post("/login")
async def login(parts: UsedParts, form: LoginRequest) -> Response:
    new = await _open(parts, form.code)
    log.info("logged_in", session=new.session.hash[:8])
    response = Response(status_code=204)
    response.set_cookie(
        cookie_name(parts.settings.port), new.token, max_age=SESSION_SECONDS, httponly=True, samesite="strict", path="/"
    )
    return response


@router.post("/logout")
async def logout(parts: UsedParts, request: Request) -> Response:
    session = session_of(request)
    await end_session(parts.database, session)
    parts.pages.end_session(session.hash)
    log.info("logged_out", session=session.hash[:8])
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(parts.settings.port), httponly=True, samesite="strict", path="/")
    return response


@router.get("/session")
async def session(request: Request) -> Response:
    expires_at = datetime.fromtimestamp(session_of(request).expires_at, UTC)
    return reply(LoggedIn(principal=OPERATOR, expires_at=expires_at))


async def _open(parts: Parts, code: str) -> NewSession:
    try:
        return await open_session(parts.database, code, int(time.time()))
    except Refusal as refusal:
        if refusal.code is not ErrorCode.BAD_LOGIN_CODE:
            raise
        again = parts.bad_codes.add(time.monotonic())
        log.warning("bad_login_code", too_many=again is not None)
        if again is not None:
            text = "Too many bad login codes; a good one still works."
            raise Refusal(ErrorCode.SLOW_DOWN, text, retry_after_seconds=again) from refusal
        raise
