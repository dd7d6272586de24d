"""The harness's own verbs: decode, ask the loop, answer with the status."""

from collections.abc import Awaitable, Callable
from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_kit.version import VERSION
from hive_wire import agent
from hive_wire.agent import LiveHistory, LiveHistoryRequest, ModelRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentStatus
from hive_wire.model import Empty

from hive_harness.live import Live
from hive_harness.session import is_model_name
from hive_harness.status import Status
from hive_harness.turns import TurnLoop


class AgentDoor:
    """Answers the operator (and core's observers) about one agent."""

    def __init__(
        self, name: str, loop: TurnLoop, status: Status, live: Live, prepare: Callable[[], Awaitable[None]]
    ) -> None:
        self._name, self._loop, self._status, self._live = name, loop, status, live
        self._prepare = prepare

    def service(self, bus: Bus) -> Service:
        """The verbs, ready to be started."""
        service = Service(bus, "agent", VERSION, f"the harness of {self._name}", agent=self._name)
        service.add(agent.STATUS, self._tell)
        service.add(agent.HISTORY, self._history, limit=8)
        service.add(agent.CANCEL, self._cancel)
        service.add(agent.RETRY, self._retry)
        service.add(agent.DISMISS, self._dismiss)
        service.add(agent.COMPACT, self._compact)
        service.add(agent.NEW_SESSION, self._new_session)
        service.add(agent.SET_MODEL, self._set_model)
        service.add(agent.CHECK_LOGIN, self._check_login)
        service.add(agent.CHECK_READY, self._check_ready)
        return service

    async def _tell(self, _caller: Caller, _request: Any) -> AgentStatus:  # Any: Empty
        return self._status.now

    async def _history(self, _caller: Caller, request: LiveHistoryRequest) -> LiveHistory:
        events, more = await self._live.history(request.after, request.before, request.limit)
        return LiveHistory(events=events, more=more)

    async def _cancel(self, _caller: Caller, _request: Empty) -> AgentStatus:
        await self._loop.cancel()
        return self._status.now

    async def _retry(self, _caller: Caller, _request: Empty) -> AgentStatus:
        await self._loop.retry()
        return self._status.now

    async def _dismiss(self, _caller: Caller, _request: Empty) -> AgentStatus:
        await self._loop.dismiss()
        return self._status.now

    async def _compact(self, _caller: Caller, _request: Empty) -> AgentStatus:
        self._loop.compact()
        return self._status.now

    async def _new_session(self, _caller: Caller, _request: Empty) -> AgentStatus:
        self._loop.new_session()
        return self._status.now

    async def _set_model(self, _caller: Caller, request: ModelRequest) -> AgentStatus:
        if not is_model_name(request.model):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{request.model!r} can't be a model's name")
        self._loop.set_model(request.model)
        return self._status.now

    async def _check_login(self, _caller: Caller, _request: Empty) -> AgentStatus:
        self._loop.check_login()
        return self._status.now

    async def _check_ready(self, _caller: Caller, _request: Empty) -> AgentStatus:
        try:
            await self._prepare()
        except OSError as error:
            raise Refusal(ErrorCode.INTERNAL, f"the agent's tools can't be served: {error}") from error
        return self._status.now
