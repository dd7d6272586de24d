"""Agents over HTTP: lifecycle's actions, the harness's controls, and what an agent wrote and got.

Its journal is in `logs`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from hive_wire import agent, approvals, broker, lifecycle
from hive_wire.agent import LiveHistoryRequest, ModelRequest
from hive_wire.approvals import ConfigRequest
from hive_wire.broker import RecentRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import (
    AgentHistoryRequest,
    AgentName,
    ContainerState,
    DestroyRequest,
)
from hive_wire.model import Empty, Wire
from hive_wire.page import AgentPageHistory, DestroyForm, SpawnForm
from hive_wire.verb import Verb
from starlette.responses import Response

from hive_dashboard.http.parts import AgentPath, Before, Parts, UsedParts, reply

router = APIRouter(prefix="/api/agents")

ACTIONS: dict[str, Verb[AgentName, Any]] = {  # Any: all answer Accepted
    "start": lifecycle.START,
    "stop": lifecycle.STOP,
    "kill": lifecycle.KILL,
    "restart": lifecycle.RESTART,
    "update": lifecycle.UPDATE,
    "rebuild": lifecycle.REBUILD,
}
CONTROLS: dict[str, Verb[Empty, Any]] = {  # Any: all answer AgentStatus
    "cancel": agent.CANCEL,
    "compact": agent.COMPACT,
    "new_session": agent.NEW_SESSION,
    "retry": agent.RETRY,
    "dismiss": agent.DISMISS,
    "check_login": agent.CHECK_LOGIN,
}
_UNANSWERED = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.TIMEOUT})
_HARNESS_HISTORY_SECONDS = 3.0

Number = Annotated[int | None, Query(ge=0, lt=2**63)]


@router.post("")
async def spawn(parts: UsedParts, form: SpawnForm) -> Response:
    return reply(await parts.operator.call(lifecycle.SPAWN, AgentName(name=form.name)))


@router.get("/{name}/history")
async def history(
    parts: UsedParts,
    name: AgentPath,
    before: Number = None,
    after: Number = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 500,
) -> Response:
    if before is not None and after is not None:
        raise Refusal(ErrorCode.BAD_REQUEST, "Ask for rows before a number or after one, not both.")
    return reply(await _history(parts, name, LiveHistoryRequest(before=before, after=after, limit=limit)))


@router.get("/{name}/inbox")
async def inbox(
    parts: UsedParts,
    name: AgentPath,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    return reply(await parts.operator.call(broker.RECENT, RecentRequest(inbox=name, before=before, limit=limit)))


@router.get("/{name}/config")
async def config(
    parts: UsedParts, name: AgentPath, path: Annotated[str, Query(max_length=1000)] = "agent.nix"
) -> Response:
    return reply(await parts.operator.call(approvals.READ_CONFIG, ConfigRequest(agent=name, path=path)))


@router.post("/{name}/model")
async def model(parts: UsedParts, name: AgentPath, wish: ModelRequest) -> Response:
    return reply(await _harness(parts, agent.SET_MODEL, name, wish))


@router.post("/{name}/destroy")
async def destroy(parts: UsedParts, name: AgentPath, form: DestroyForm) -> Response:
    if form.confirm != name:
        raise Refusal(ErrorCode.BAD_REQUEST, f"To destroy {name}, repeat its name.", field="confirm")
    return reply(await parts.operator.call(lifecycle.DESTROY, DestroyRequest(name=name, purge=form.purge)))


@router.post("/{name}/{action}")
async def act(parts: UsedParts, name: AgentPath, action: str) -> Response:
    if action in ACTIONS:
        return reply(await parts.operator.call(ACTIONS[action], AgentName(name=name)))
    if action in CONTROLS:
        return reply(await _harness(parts, CONTROLS[action], name, Empty()))
    raise Refusal(ErrorCode.NOT_FOUND, f"There is no action {action!r}.")


async def _harness(parts: Parts, verb: Verb[Any, Any], name: str, request: Wire) -> Wire:  # Any: each verb's own
    """Call an agent's harness; where nothing answers, say why as well as we know."""
    try:
        return await parts.operator.call(verb, request, agent=name)
    except Refusal as refusal:
        if refusal.code is not ErrorCode.UNAVAILABLE or not parts.projection.is_reachable(lifecycle.SERVICE):
            raise
        view = parts.projection.view(name)
        if view is None:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, f"There is no agent called {name}.") from refusal
        if view.container is not ContainerState.RUNNING:
            raise Refusal(ErrorCode.NOT_RUNNING, f"{name} is not running; start it first.") from refusal
        raise Refusal(ErrorCode.UNAVAILABLE, f"{name} runs, but its harness doesn't answer.") from refusal


async def _history(parts: Parts, name: str, page: LiveHistoryRequest) -> AgentPageHistory:
    """From the harness while it runs, otherwise from the store that lifecycle reads."""
    view = parts.projection.view(name)
    if view is not None and view.container is ContainerState.RUNNING:
        try:
            rows = await parts.bus.call(agent.HISTORY, page, agent=name, timeout=_HARNESS_HISTORY_SECONDS)
            return AgentPageHistory(events=rows.events, more=rows.more, live=True)
        except Refusal as refusal:
            if refusal.code not in _UNANSWERED:
                raise
    request = AgentHistoryRequest(name=name, before=page.before, after=page.after, limit=page.limit)
    rows = await parts.operator.call(lifecycle.AGENT_HISTORY, request)
    return AgentPageHistory(events=rows.events, more=rows.more, live=False)
