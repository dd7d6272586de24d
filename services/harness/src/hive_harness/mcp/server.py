"""Serves the tools with the MCP library: streamable HTTP on a random loopback port, one bearer token for each start.

Loopback is open to every local process, so the token decides who may call; host names are checked, so that a
browser can't be led here.
"""

import asyncio
import json
import secrets
import socket
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from hive_kit.version import VERSION
from hive_wire.errors import ErrorCode, Refusal
from mcp.server.lowlevel.server import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    ListToolsResult,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolDeclaration
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from hive_harness.mcp.tools import Tool

log = structlog.get_logger()

RESULT_META = "hyperhive/result"
"""Where the structured result of a tool lies whose text is to be read."""
ERROR_META = "hyperhive/error"
"""Where the wire's error body lies."""
_INSTRUCTIONS = (
    "Messages, questions and reminders between this agent, other agents, the manager and the operator; for the "
    "manager also agents and their configuration."
)


@dataclass(frozen=True)
class Endpoint:
    """Where the tools are served, and the token that opens them."""

    url: str
    token: str


class ToolServer:
    """A running MCP server."""

    def __init__(self, tools: list[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> Endpoint:
        """Listen; returns once requests are taken."""
        token = secrets.token_urlsafe(32)
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            _Guarded(self._application(), token),
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = _Quiet(config)
        self._serving = asyncio.create_task(self._server.serve([listening]), name="mcp")
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise RuntimeError("the MCP server ended at its start")
            await asyncio.sleep(0.005)
        return Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", token)

    async def stop(self) -> None:
        """Stop listening; calls in hand get a second."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait({self._serving}, timeout=3)
            self._serving.cancel()

    def _application(self) -> ASGIApp:
        server: Server[Any] = Server(  # Any: no lifespan state
            "hyperhive",
            version=VERSION,
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
            get_tool_input_schema=lambda name: _schema(self._tools[name]) if name in self._tools else None,
        )
        return server.streamable_http_app(host="127.0.0.1")

    async def _list(self, _context: Any, _params: Any) -> ListToolsResult:  # Any: nothing of them is looked at
        return ListToolsResult(tools=[_declare(tool) for tool in self._tools.values()])

    async def _call(self, _context: Any, params: CallToolRequestParams) -> CallToolResult:  # Any: not looked at
        tool = self._tools.get(params.name)
        if tool is None:
            return _refused(Refusal(ErrorCode.NOT_FOUND, f"no tool {params.name!r}", known=sorted(self._tools)))
        try:
            arguments = tool.arguments.model_validate(params.arguments or {})
            result, text = await tool.call(arguments)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return _refused(Refusal(ErrorCode.BAD_REQUEST, problems))
        except Refusal as refusal:
            return _refused(refusal)
        except Exception:  # the door's edge: no text of ours leaks, the log has it
            log.exception("tool_failed", tool=params.name)
            return _refused(Refusal(ErrorCode.INTERNAL, f"{params.name} failed; the harness's log says why"))
        content: list[ContentBlock] = [TextContent(type="text", text=text)]
        structured = result.model_dump(mode="json")
        if tool.as_text:
            return CallToolResult(content=content, _meta={RESULT_META: structured})
        return CallToolResult(content=content, structured_content=structured)


class _Quiet(uvicorn.Server):
    """uvicorn without its own handling of signals, which the harness has."""

    def install_signal_handlers(self) -> None:
        return

    @property
    def capture_signals(self) -> Any:  # type: ignore[override]  # Any: a context manager that does nothing
        import contextlib

        return contextlib.nullcontext


class _Guarded:
    """Lets nobody in without the bearer token."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application = application
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not secrets.compare_digest(given, self._expected):
                headers = [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._application(scope, receive, send)


def _schema(tool: Tool) -> dict[str, Any]:  # Any: JSON schema
    return tool.arguments.model_json_schema()


def _declare(tool: Tool) -> ToolDeclaration:
    return ToolDeclaration(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_schema(tool),
        output_schema=None if tool.as_text else tool.result.model_json_schema(mode="serialization"),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent,
            open_world_hint=False,
        ),
    )


def _refused(refusal: Refusal) -> CallToolResult:
    """A refusal as the agent reads it: the code, the sentence, and every fact that the sentence may leave out."""
    body = refusal.body().model_dump(mode="json")
    facts = dict(body["details"])
    text = f"{refusal.code}: {refusal.message}"
    known = facts.pop("known", None)
    if known:
        text += f" (there are: {', '.join(map(str, known))})"
    if facts:
        text += f"\ndetails: {json.dumps(facts, ensure_ascii=False)}"
    return CallToolResult(content=[TextContent(type="text", text=text)], _meta={ERROR_META: body}, is_error=True)
