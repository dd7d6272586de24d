"""The HTTP application: every route, behind the guard."""

from fastapi import APIRouter, FastAPI
from hive_wire.errors import ErrorCode, Refusal
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hive_dashboard.http import (
    actions,
    agents,
    approvals,
    drafts,
    events,
    logs,
    loose_ends,
    messages,
    questions,
    reminders,
    rollouts,
    sessions,
    tombstones,
)
from hive_dashboard.http.errors import answer_errors
from hive_dashboard.http.parts import Parts, UsedParts
from hive_dashboard.http.security import Guard, cookie_name
from hive_dashboard.http.static import Files

router = APIRouter()
_PARTS = (
    sessions.router,
    events.router,
    messages.router,
    messages.inbox_router,
    logs.router,
    agents.router,
    actions.router,
    rollouts.router,
    tombstones.router,
    approvals.router,
    drafts.router,
    questions.router,
    reminders.router,
    loose_ends.router,
    router,
)


@router.get("/livez")
async def livez() -> Response:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


@router.get("/readyz")
async def readyz(parts: UsedParts) -> Response:
    if not (parts.bus.up.is_set() and parts.operator.up.is_set()):
        raise Refusal(ErrorCode.UNAVAILABLE, "The dashboard is not connected to NATS.")
    await parts.database.read(lambda connection: connection.exec_driver_sql("SELECT 1 FROM sessions LIMIT 1").first())
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


def _files(files: Files) -> ASGIApp:
    """What answers where there is no route: the page and its assets."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        readable = scope["method"] in ("GET", "HEAD") and not path.startswith("/api/")
        found = files.page(path) or files.file(path) if readable else None
        if found is None:
            raise Refusal(ErrorCode.NOT_FOUND, f"There is nothing at {path}.")
        await found(scope, receive, send)

    return answer


def application(parts: Parts) -> FastAPI:
    """The routes, without the guard."""
    app = FastAPI(title="hyperhive", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.parts = parts
    answer_errors(app)
    for part in _PARTS:
        app.include_router(part)
    app.router.default = _files(parts.files)
    return app


def guarded(parts: Parts) -> ASGIApp:
    """What is served."""
    settings = parts.settings
    return Guard(application(parts), parts.database, settings.allowed_hosts, cookie_name(settings.port), parts.files)
