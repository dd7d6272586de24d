"""Who gets in: hosts, origins, sessions, codes, sizes, and what every answer carries."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute
from hive_dashboard.http import agents
from hive_dashboard.http.app import application
from hive_dashboard.http.errors import STATUS
from hive_dashboard.http.parts import Parts
from hive_dashboard.http.security import BODY_BYTES
from hive_wire.errors import ErrorCode

OPEN = {("GET", "/livez"), ("POST", "/api/login")}
PLACES = {"{name}": "coder", "{id}": "1", "{decision}": "retry", "{number}": "0"}


def routes() -> list[tuple[str, str]]:
    """Every route of the application, with the paths' places filled in."""
    found: list[tuple[str, str]] = []
    for route in _api_routes(application(Parts(*[None] * 6))):  # type: ignore[arg-type]  # routes only
        path = route.path
        for place, value in PLACES.items():
            path = path.replace(place, value)
        actions = [*agents.ACTIONS, *agents.CONTROLS] if "{action}" in path else [""]
        found += [(method, path.replace("{action}", action)) for action in actions for method in sorted(route.methods)]
    return found


def _api_routes(app: Any) -> list[APIRoute]:
    def walk(entries: Any) -> list[APIRoute]:
        flat: list[APIRoute] = []
        for entry in entries:
            if isinstance(entry, APIRoute):
                flat.append(entry)
            else:
                flat += walk(getattr(getattr(entry, "original_router", entry), "routes", []))
        return flat

    return walk(app.routes)


@pytest.mark.spec("OPS-10", door="http")
async def test_nobody_gets_past_the_login_without_a_session(swarm: Any) -> None:
    visitor = await swarm.visitor()
    walked = routes()
    assert len(walked) > 45
    pages = ("/", "/messages", "/decisions", "/infra", "/infra/kept", "/a/coder", "/readyz")
    others = ("/api", "/api/nothing", "/index.html", "/openapi.json", "/docs")
    for method, path in [*walked, *(("GET", path) for path in pages + others)]:
        answer = await visitor.client.request(method, path)
        if (method, path) in OPEN:
            assert answer.status_code != 401, path
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_logged_in"), (method, path)


async def test_a_wrong_session_is_no_session(swarm: Any) -> None:
    visitor = await swarm.visitor(cookies={f"hive_session_{swarm.dashboard.port}": "nonsense"})
    assert (await visitor.get("/api/snapshot")).status_code == 401


@pytest.mark.spec("OPS-10", door="http")
async def test_another_host_name_is_refused(swarm: Any) -> None:
    page, port = await swarm.page(), swarm.dashboard.port
    strangers = ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"localhost.evil:{port}")
    for host in strangers:
        for path in ("/api/snapshot", "/livez", "/login", "/"):
            answer = await page.get(path, headers={"host": host})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_origin"), (host, path)


async def test_localhost_is_the_same_page(swarm: Any) -> None:
    visitor = await swarm.visitor()
    assert (await visitor.get("/livez", headers={"host": f"LOCALHOST:{swarm.dashboard.port}"})).status_code == 200


FOREIGN = [
    {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"},
    {"origin": "http://127.0.0.1:3000"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {},
]


@pytest.mark.spec("OPS-10", door="http")
async def test_changes_and_the_stream_are_for_the_page_itself(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    cookie = "; ".join(f"{name}={value}" for name, value in page.client.cookies.items())
    guarded = [route for route in routes() if route[0] == "POST"] + [("GET", "/api/events")]
    async with httpx2.AsyncClient(base_url=swarm.dashboard.url) as stranger:
        for headers in FOREIGN:
            for method, path in guarded:
                answer = await stranger.request(method, path, headers={**headers, "cookie": cookie})
                refused = (answer.status_code, answer.json()["error"]["code"])
                assert refused == (403, "bad_origin"), (headers, method, path)


async def test_reads_from_another_site_are_refused_though_a_link_to_the_page_is_not(swarm: Any) -> None:
    page = await swarm.page()
    del page.client.headers["origin"]
    cross = {"sec-fetch-site": "cross-site"}
    assert (await page.get("/api/snapshot", headers=cross)).json()["error"]["code"] == "bad_origin"
    assert (await page.get("/login", headers=cross)).status_code in (200, 503)
    assert (await page.get("/api/snapshot", headers={"sec-fetch-site": "none"})).status_code == 200


@pytest.mark.spec("OPS-10", door="http")
async def test_a_login_code_works_once(swarm: Any) -> None:
    code = await swarm.dashboard.login_code()
    visitor = await swarm.visitor()
    answer = await visitor.post("/api/login", {"code": code})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"hive_session_{swarm.dashboard.port}=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=2592000" in cookie
    assert "secure" not in cookie
    assert (await visitor.get("/api/session")).json()["principal"] == "operator"
    again = await (await swarm.visitor()).post("/api/login", {"code": code})
    assert again.json()["error"]["code"] == "bad_login_code"
    assert "set-cookie" not in again.headers


async def test_codes_and_sessions_survive_a_restart(swarm: Any) -> None:
    page = await swarm.page()
    code = await swarm.dashboard.login_code()
    await swarm.dashboard.stop()
    await swarm.dashboard.start()
    assert (await page.get("/api/session")).status_code == 200
    assert (await (await swarm.visitor()).post("/api/login", {"code": code})).status_code == 204


@pytest.mark.spec("OPS-10", door="http")
async def test_a_logout_revokes_the_session_and_ends_its_streams(swarm: Any) -> None:
    page = await swarm.page()
    after = (await page.snapshot())["position"]
    stolen = dict(page.client.cookies.items())
    async with page.events(after) as events:
        assert (await page.post("/api/logout")).status_code == 204
        await events.end()
    assert (await (await swarm.visitor(cookies=stolen)).get("/api/snapshot")).status_code == 401


async def test_bad_codes_are_slowed_down_but_a_good_one_still_works(swarm: Any) -> None:
    visitor = await swarm.visitor()
    seen = [(await visitor.post("/api/login", {"code": f"bad{n}"})).json()["error"]["code"] for n in range(12)]
    assert seen == ["bad_login_code"] * 10 + ["slow_down"] * 2
    answer = await visitor.post("/api/login", {"code": await swarm.dashboard.login_code()})
    assert answer.status_code == 204


@pytest.mark.spec("OPS-10", door="http")
async def test_every_answer_carries_the_policy(swarm: Any) -> None:
    paths = ("/", "/login", "/livez", "/api/snapshot", "/api/nothing", "/assets/nothing.js")
    pages = (await swarm.page(), await swarm.visitor())
    for page, path in [(page, path) for page in pages for path in paths]:
        headers = (await page.get(path)).headers
        policy = {part.split(" ")[0]: part.split(" ")[1:] for part in headers["content-security-policy"].split("; ")}
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


@pytest.mark.spec("OPS-12", door="http")
async def test_an_oversized_request_is_refused_whole(swarm: Any) -> None:
    page = await swarm.page()
    body = b'{"to": "manager", "key": "k", "body": "' + b"x" * BODY_BYTES + b'"}'

    async def chunks() -> Any:
        for at in range(0, len(body), 65536):
            yield body[at : at + 65536]

    for content in (body, chunks()):
        answer = await page.client.post("/api/messages", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert swarm.broker.messages == {}


BAD_INPUT = [
    ("GET", "/api/nothing", None, 404, "not_found"),
    ("POST", "/api/nothing", "{}", 404, "not_found"),
    ("POST", "/api/agents/coder/explode", "{}", 404, "not_found"),
    ("GET", "/nothing", None, 404, "not_found"),
    ("GET", "/assets/../../settings.py", None, 404, "not_found"),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", None, 404, "not_found"),
    ("GET", "/assets/%00.js", None, 404, "not_found"),
    ("DELETE", "/api/messages", None, 405, "bad_request"),
    ("POST", "/api/snapshot", "{}", 405, "bad_request"),
    ("POST", "/api/messages", "{", 422, "bad_request"),
    ("POST", "/api/messages", "[]", 422, "bad_request"),
    ("POST", "/api/messages", '{"to": "manager", "body": "", "key": "k"}', 422, "bad_request"),
    ("POST", "/api/messages/none/handled", "{}", 422, "bad_request"),
    ("POST", "/api/messages/1/explode", "{}", 422, "bad_request"),
    ("GET", "/api/messages?limit=0", None, 422, "bad_request"),
    ("GET", "/api/messages/99999999999999999999", None, 422, "bad_request"),
    ("GET", "/api/agents/coder/history?before=1&after=1", None, 422, "bad_request"),
    ("GET", "/api/agents/a.b.*/history", None, 404, "unknown_agent"),
    ("POST", "/api/agents/%3E/cancel", "{}", 404, "unknown_agent"),
    ("POST", "/api/agents/nobody/start", "{}", 404, "unknown_agent"),
    ("POST", "/api/agents/nobody/cancel", "{}", 404, "unknown_agent"),
    ("POST", "/api/approvals/decide", '{"decision": "approve", "items": []}', 422, "bad_request"),
    ("POST", "/api/approvals/decide", '{"decision": "explode", "items": [{"id": 1, "hash": "x"}]}', 422, "bad_request"),
    ("POST", "/api/approvals/decide", '{"decision": "deny", "items": [{"id": 1}]}', 422, "bad_request"),
    ("GET", "/api/approvals/0/diff", None, 422, "bad_request"),
    ("GET", "/api/approvals/history?limit=0", None, 422, "bad_request"),
    ("POST", "/api/drafts/A%20B/discard", "{}", 404, "unknown_agent"),
    ("POST", "/api/questions/none/answer", '{"text": "x"}', 422, "bad_request"),
    ("POST", "/api/questions/1/answer", '{"options": "yes"}', 422, "bad_request"),
    ("POST", "/api/reminders/-1/cancel", "{}", 422, "bad_request"),
    ("GET", "/api/messages/1/files/-1", None, 422, "bad_request"),
    ("GET", "/api/inbox?limit=501", None, 422, "bad_request"),
    ("POST", "/api/agents/coder/destroy", '{"confirm": "code", "purge": true}', 422, "bad_request"),
]


@pytest.mark.spec("OPS-12", door="http")
async def test_bad_input_is_told_with_a_code(swarm: Any) -> None:
    await swarm.lifecycle.put("coder")
    page = await swarm.page()
    for method, path, body, status, code in BAD_INPUT:
        url = httpx2.URL(swarm.dashboard.url).copy_with(raw_path=path.encode())
        answer = await page.client.request(method, url, content=body, headers={"content-type": "application/json"})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code), (method, path, error)
        assert error["message"]


def test_every_code_of_the_wire_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


async def test_a_browser_without_a_session_gets_the_page_that_leads_to_the_login(swarm: Any) -> None:
    visitor = await swarm.visitor()
    answer = await visitor.get("/a/coder", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code in (401, 503)
    assert answer.headers["content-type"].startswith("text/html")


async def test_websockets_are_refused(swarm: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", swarm.dashboard.port)
    writer.write(
        f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{swarm.dashboard.port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Origin: http://evil.example\r\n\r\n".encode()
    )
    async with asyncio.timeout(5):
        assert b" 403 " in await reader.readline()
    writer.close()
