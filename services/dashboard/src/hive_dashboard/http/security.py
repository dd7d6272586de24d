"""Who may ask for anything at all: host, origin, session and size are checked before any route is looked for.

A request gets through only by passing every check, so a route that is added later is closed until named here.
"""

import time
from collections.abc import Sequence

from hive_kit.database import Database
from hive_kit.request_id import begin_request
from hive_wire.errors import ErrorCode, Refusal
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hive_dashboard.http.errors import error_response, internal_error
from hive_dashboard.http.static import Files
from hive_dashboard.login import Session, find_session

EVENTS = "/api/events"
LOGIN = "/api/login"
BODY_BYTES = 2 * 1024 * 1024
"""The largest request: the largest message, escaped."""

_SAFE = frozenset({"GET", "HEAD"})
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def cookie_name(port: int) -> str:
    """The session's cookie. Cookies don't know ports: two swarms on one host need two names."""
    return f"hive_session_{port}"


def session_of(request: Request) -> Session:
    """The session that the guard let in."""
    session: Session = request.scope["state"]["session"]
    return session


class Guard:
    """The application, guarded."""

    def __init__(self, app: ASGIApp, database: Database, hosts: frozenset[str], cookie: str, files: Files) -> None:
        self._app, self._database, self._hosts, self._cookie, self._files = app, database, hosts, cookie, files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # there are none
            return
        begin_request()
        started = finished = False

        async def send_guarded(message: Message) -> None:
            nonlocal started, finished
            finished = message["type"] == "http.response.body" and not message.get("more_body", False)
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            response, receive = await self._check(scope, receive)
            await (response or self._app)(scope, receive, send_guarded)
        except Exception as error:  # the door's edge: logged, answered without its text
            if finished:
                return  # the application has answered and logged it
            if started:
                raise
            await internal_error(error, scope["path"])(scope, receive, send_guarded)

    async def _check(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        headers = Headers(scope=scope)
        try:
            _check_host(headers.getlist("host"), self._hosts)
        except Refusal as refusal:
            return error_response(refusal, 400), receive
        try:
            _check_origin(scope["method"], scope["path"], headers)
            if not _is_public(scope["method"], scope["path"]):
                scope.setdefault("state", {})["session"] = await self._session(headers)
            if scope["method"] not in _SAFE:
                receive = await _read_body(headers, receive)
        except Refusal as refusal:
            if refusal.code is ErrorCode.NOT_LOGGED_IN and _wants_page(scope["method"], headers):
                page = self._files.page(scope["path"], 401)
                if page is not None:  # holds nothing but the way to the login
                    return page, receive
            return error_response(refusal), receive
        return None, receive

    async def _session(self, headers: Headers) -> Session:
        token = cookie_parser(headers.get("cookie", "")).get(self._cookie)
        session = await find_session(self._database, token, int(time.time())) if token else None
        if session is None:
            raise Refusal(ErrorCode.NOT_LOGGED_IN, "Nobody is logged in here; `hive open` makes a login address.")
        return session


def _is_public(method: str, path: str) -> bool:
    if method == "POST":
        return path == LOGIN
    return method in _SAFE and (path in ("/livez", "/login") or path.startswith("/assets/"))


def _wants_page(method: str, headers: Headers) -> bool:
    return method in _SAFE and "text/html" in headers.get("accept", "")


def _check_host(hosts: Sequence[str], allowed: frozenset[str]) -> None:
    if len(hosts) != 1 or hosts[0].lower() not in allowed:
        raise Refusal(ErrorCode.BAD_ORIGIN, "The page is not served under this host name.", allowed=sorted(allowed))


def _check_origin(method: str, path: str, headers: Headers) -> None:
    """Changes and the stream must prove that they come from the page itself; other reads must not deny it.

    `same-site` is not enough: another program's page on another port of this host is same-site.
    """
    origins, site = headers.getlist("origin"), headers.get("sec-fetch-site")
    strict = method not in _SAFE or path == EVENTS
    foreign_origin = any(origin.lower() != f"http://{headers['host'].lower()}" for origin in origins)
    foreign_site = site is not None and site != "same-origin"
    if strict:
        refused = foreign_origin or foreign_site or (not origins and site is None)
    else:
        refused = path.startswith("/api/") and (foreign_origin or (foreign_site and site != "none"))
    if refused:
        raise Refusal(
            ErrorCode.BAD_ORIGIN,
            "This request did not come from the dashboard's own page; programs name its address in `Origin`.",
        )


async def _read_body(headers: Headers, receive: Receive) -> Receive:
    """Read the whole body within the limit, so that no route sees a part of one that is refused."""
    too_large = Refusal(ErrorCode.BODY_TOO_LARGE, f"A request holds at most {BODY_BYTES} bytes.", limit=BODY_BYTES)
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > BODY_BYTES:
        raise too_large
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise too_large
        more = message.get("more_body", False)
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay
