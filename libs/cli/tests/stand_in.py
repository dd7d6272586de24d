"""Lifecycle as approvals and the command meet it, without containers: it answers what a test told it to."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_wire import builds, lifecycle, rollouts, tombstones
from hive_wire.builds import ActionList, ActionsRequest, ActionView, OutputLine, OutputPage, OutputRequest, Printed
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted, AgentView, ContainerState, LogsReply, LogsRequest
from hive_wire.model import AgentName, Empty, Wire
from hive_wire.names import MANAGER, role_of
from hive_wire.verb import Event, Verb

AGENTS = (MANAGER, "scout")
TOLD: tuple[Verb[Any, Any], ...] = (
    rollouts.INPUTS, rollouts.UPDATE_INPUTS, rollouts.UPDATE_ALL, tombstones.TOMBSTONES, tombstones.PURGE_TOMBSTONE,
)  # fmt: skip


class Lifecycle:
    """`told`: what the verbs of TOLD answer, by their names; `asked`: what they were asked."""

    def __init__(self) -> None:
        self.told: dict[str, Wire | Refusal] = {}
        self.asked: list[Wire] = []
        self.actions: dict[int, ActionView] = {}
        self.output: dict[int, list[OutputLine]] = {}
        self.journal: dict[tuple[str, str], list[str]] = {}
        self._printed = asyncio.Event()
        self._bus: Bus | None = None

    async def answer(self, bus: Bus) -> None:
        self._bus = bus
        service = Service(bus, "lifecycle", "1.0.0", "stands in")
        service.add(lifecycle.STATUS, self._status)
        service.add(lifecycle.LIST, self._list)
        service.add(lifecycle.UPDATE, self._accept)
        service.add(lifecycle.REBUILD, self._accept)
        service.add(lifecycle.LOGS, self._logs)
        service.add(builds.ACTIONS, self._actions)
        service.add(builds.OUTPUT, self._output)
        for verb in (lifecycle.CHECK_NAME, lifecycle.MAKE_DRAFT, lifecycle.DROP_DRAFT):
            service.add(verb, self._nothing)
        for verb in TOLD:
            service.add(verb, self._teller(verb))
        await service.start()

    def begin(self, agent: str, kind: str = "rebuild") -> int:
        """An action that is under way."""
        number = len(self.actions) + 1
        self.actions[number] = ActionView(
            id=number, agent=agent, kind=kind, requested_by="operator", begun_at=datetime.now(UTC), step="build"
        )
        return number

    async def prints(self, number: int, *texts: str) -> None:
        """The action prints lines, and says so."""
        lines = self.output.setdefault(number, [])
        new = [OutputLine(n=len(lines) + n, at=datetime.now(UTC), text=text) for n, text in enumerate(texts, 1)]
        lines += new
        await self.tell(builds.PRINTED, Printed(action=number, agent=self.actions[number].agent, lines=new))

    async def end(self, number: int, error: str | None = None) -> None:
        """The action ends, and says so."""
        ended = {"ended_at": datetime.now(UTC), "error": error, "step": None}
        action = self.actions[number] = self.actions[number].model_copy(update=ended)
        told = lifecycle.ActionEnded(
            action=number, agent=action.agent, ok=error is None, error=error, requested_by="operator"
        )
        await self.tell(lifecycle.REBUILT, told)

    def writes(self, agent: str, unit: str, *lines: str) -> None:
        """The agent's container prints lines."""
        self.journal.setdefault((agent, unit), []).extend(lines)
        self._printed.set()
        self._printed = asyncio.Event()

    async def tell(self, event: Event[Any], content: Wire) -> None:
        assert self._bus is not None
        await self._bus.nats.publish(event.subject, content.model_dump_json().encode())

    async def _status(self, _caller: Caller, request: AgentName) -> AgentView:
        if request.name not in AGENTS:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, f"there is no agent {request.name}")
        now, up = datetime.now(UTC), ContainerState.RUNNING
        return AgentView(
            name=request.name, role=role_of(request.name), container=up, container_since=now, wanted=True,
            port=20_000, created_at=now, revision="0123456789ab", needs_update=request.name == "scout",
        )  # fmt: skip

    async def _list(self, caller: Caller, _request: Empty) -> lifecycle.AgentList:
        can = lifecycle.Capabilities(
            runtime="local", sandboxed=True, separate_users=True, memory_limits=False, notes=["memory is not limited"]
        )
        views = [await self._status(caller, AgentName(name=name)) for name in AGENTS]
        return lifecycle.AgentList(agents=views, capabilities=can)

    async def _accept(self, caller: Caller, request: AgentName) -> Accepted:
        view = await self._status(caller, request)
        return Accepted(action=self.begin(request.name), agent=view)

    async def _actions(self, _caller: Caller, request: ActionsRequest) -> ActionList:
        found = [
            action
            for action in sorted(self.actions.values(), key=lambda action: -action.id)
            if request.agent in (None, action.agent) and (request.before is None or action.id < request.before)
        ]
        return ActionList(actions=found[: request.limit], more=len(found) > request.limit)

    async def _output(self, _caller: Caller, request: OutputRequest) -> OutputPage:
        if request.action not in self.actions:
            raise Refusal(ErrorCode.UNKNOWN_ACTION, f"there is no action {request.action}")
        lines = [line for line in self.output.get(request.action, []) if line.n > request.after]
        more = len(lines) > request.limit
        return OutputPage(action=self.actions[request.action], lines=lines[: request.limit], more=more)

    async def _logs(self, caller: Caller, request: LogsRequest) -> LogsReply:
        await self._status(caller, AgentName(name=request.name))
        place = (request.name, request.unit.value)
        printed = self._printed
        if request.after and int(request.after) == len(self.journal.get(place, [])):
            try:
                await asyncio.wait_for(printed.wait(), request.wait_seconds)
            except TimeoutError:
                pass
        written = self.journal.get(place, [])
        begin = int(request.after) if request.after else max(0, len(written) - request.lines)
        return LogsReply(lines=written[begin:], cut=begin > 0, cursor=str(len(written)))

    async def _nothing(self, _caller: Caller, _request: Wire) -> Empty:
        return Empty()

    def _teller(self, verb: Verb[Any, Any]) -> Any:  # Any: a handler of that verb
        async def answer(_caller: Caller, request: Wire) -> Wire:
            self.asked.append(request)
            told = self.told[verb.name]
            if isinstance(told, Refusal):
                raise told
            return told

        return answer
