"""A lifecycle service in memory."""

import asyncio
from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_wire import builds, lifecycle, rollouts, tombstones
from hive_wire.agent import LiveHistory
from hive_wire.builds import ActionList, ActionsRequest, ActionView, OutputLine, OutputPage, OutputRequest, Printed
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import (
    Accepted,
    AgentChanged,
    AgentList,
    AgentName,
    AgentView,
    Capabilities,
    ContainerState,
    LifecycleSnapshot,
    LogsReply,
    LogsRequest,
)
from hive_wire.model import Empty
from hive_wire.names import is_free_for_agents, role_of
from hive_wire.rollouts import InputsUpdate, MetaInput, MetaInputs, Rollout, RolloutAgent, RolloutCause, RolloutState
from hive_wire.tombstones import Tombstone, TombstoneList

from services.dashboard.tests.stand_ins.emitter import Emitter, now
from services.dashboard.tests.stand_ins.harness import live_row

CAPABILITIES = Capabilities(runtime="test", sandboxed=True, separate_users=False, memory_limits=False, notes=[])


class TestLifecycle(Emitter):
    """Keeps agents' views in memory."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "lifecycle")
        self.views: dict[str, AgentView] = {}
        self.actions: dict[int, ActionView] = {}
        self.printed: dict[int, list[OutputLine]] = {}
        self.rollouts: dict[int, Rollout] = {}
        self.tombstones: dict[str, Tombstone] = {}
        self.orders: list[lifecycle.AgentName] = []
        self.journal: list[str] = []
        self.followed = asyncio.Event()
        self.more = asyncio.Event()

    async def start(self) -> None:
        self.answering = Service(self.bus, "lifecycle", "0", "test")
        self.answering.add(lifecycle.SNAPSHOT, self._snapshot)
        self.answering.add(lifecycle.AGENT_HISTORY, self._history)
        for verb in (lifecycle.START, lifecycle.STOP, lifecycle.KILL, lifecycle.RESTART):
            self.answering.add(verb, self._accept)
        for verb in (lifecycle.UPDATE, lifecycle.REBUILD):
            self.answering.add(verb, self._accept)
        self.answering.add(lifecycle.DESTROY, self._accept)
        self.answering.add(lifecycle.LOGS, self._logs, long_poll=True)
        self.answering.add(builds.ACTIONS, self._actions)
        self.answering.add(builds.OUTPUT, self._output)
        self.answering.add(rollouts.INPUTS, self._inputs)
        self.answering.add(rollouts.UPDATE_INPUTS, self._update_inputs)
        self.answering.add(rollouts.UPDATE_ALL, self._update_all)
        self.answering.add(tombstones.TOMBSTONES, self._kept)
        self.answering.add(tombstones.PURGE_TOMBSTONE, self._purge)
        self.answering.add(lifecycle.LIST, self._list)
        self.answering.add(lifecycle.STATUS, self._status)
        self.answering.add(lifecycle.CHECK_NAME, self._check_name)
        self.answering.add(lifecycle.MAKE_DRAFT, self._did)
        self.answering.add(lifecycle.DROP_DRAFT, self._did)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def put(self, name: str, container: ContainerState = ContainerState.RUNNING) -> None:
        self.views[name] = AgentView(
            name=name,
            role=role_of(name),
            container=container,
            container_since=now(),
            wanted=True,
            port=8100,
            created_at=now(),
        )
        await self.emit(lifecycle.CHANGED, AgentChanged(agent=self.views[name], conflicts=[]))

    async def remove(self, name: str) -> None:
        del self.views[name]
        await self.emit(lifecycle.REMOVED, AgentName(name=name))

    async def act(self, agent: str, kind: str = "rebuild") -> ActionView:
        """An action begins."""
        number = len(self.actions) + 1
        action = ActionView(id=number, agent=agent, kind=kind, requested_by="operator", begun_at=now(), step="build")
        self.actions[number], self.printed[number] = action, []
        return action

    async def print(self, action: int, *texts: str) -> None:
        """An action prints lines."""
        held = self.printed[action]
        lines = [OutputLine(n=len(held) + n, at=now(), text=text) for n, text in enumerate(texts, 1)]
        held += lines
        self.actions[action] = self.actions[action].model_copy(update={"lines": len(held)})
        await self.emit(builds.PRINTED, Printed(action=action, agent=self.actions[action].agent, lines=lines))

    async def log(self, line: str) -> None:
        """A container prints a line."""
        self.journal.append(line)
        self.more.set()

    async def roll(self, cause: RolloutCause, inputs: list[str]) -> Rollout:
        """A rollout of every agent begins."""
        waiting = [RolloutAgent(name=name, state=RolloutState.WAITING) for name in self.views]
        number = len(self.rollouts) + 1
        await self.change_rollout(
            Rollout(id=number, cause=cause, requested_by="operator", begun_at=now(), inputs=inputs, agents=waiting)
        )
        return self.rollouts[number]

    async def change_rollout(self, rollout: Rollout, **changes: Any) -> None:
        """A rollout goes on."""
        self.rollouts[rollout.id] = rollout.model_copy(update=changes)
        await self.emit(rollouts.ROLLOUT_CHANGED, self.rollouts[rollout.id])

    async def bury(self, name: str) -> None:
        """An agent's things are kept."""
        kept = Tombstone(name=name, destroyed_at=now(), changed_at=now(), size_bytes=4096, login_kept=True)
        self.tombstones[name] = kept
        await self.emit(tombstones.TOMBSTONE_MADE, kept)

    async def _snapshot(self, _caller: Caller, _request: Empty) -> LifecycleSnapshot:
        return LifecycleSnapshot(
            agents=list(self.views.values()),
            capabilities=CAPABILITIES,
            outbox_id=self.n,
            store=self.store,
            conflicts=[],
            rollouts=list(self.rollouts.values()),
            tombstones=list(self.tombstones.values()),
        )

    async def _accept(self, caller: Caller, request: AgentName) -> Accepted:
        assert caller.principal == "operator"
        if request.name not in self.views:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, "no such agent")
        self.orders.append(request)
        return Accepted(action=1, agent=self.views[request.name])

    async def _list(self, _caller: Caller, _request: Empty) -> AgentList:
        return AgentList(agents=list(self.views.values()), capabilities=CAPABILITIES)

    async def _status(self, _caller: Caller, request: AgentName) -> AgentView:
        if request.name not in self.views:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, "no such agent")
        return self.views[request.name]

    async def _check_name(self, _caller: Caller, request: lifecycle.NameCheck) -> Empty:
        if request.name in self.views:
            raise Refusal(ErrorCode.NAME_TAKEN, f"{request.name} is there")
        if not is_free_for_agents(request.name):
            raise Refusal(ErrorCode.RESERVED_NAME, f"{request.name} can't be an agent's name")
        return Empty()

    async def _did(self, _caller: Caller, _request: AgentName) -> Empty:
        return Empty()

    async def _history(self, _caller: Caller, request: lifecycle.AgentHistoryRequest) -> LiveHistory:
        return LiveHistory(events=[live_row(request.name, 1)], more=False)

    async def _logs(self, _caller: Caller, request: LogsRequest) -> LogsReply:
        """A wait ends with the next line only, so that nothing but that line or the caller ends it."""
        after = int(request.after) if request.after else 0
        if len(self.journal) == after and request.wait_seconds:
            self.followed.set()
            self.more.clear()
            await self.more.wait()
        lines = [f"{request.unit}: {line}" for line in self.journal[after:]][-request.lines :]
        return LogsReply(lines=lines, cut=False, cursor=str(len(self.journal)))

    async def _actions(self, _caller: Caller, request: ActionsRequest) -> ActionList:
        found = [a for a in self.actions.values() if request.agent in (None, a.agent)]
        found = sorted((a for a in found if request.before is None or a.id < request.before), key=lambda a: -a.id)
        return ActionList(actions=found[: request.limit], more=len(found) > request.limit)

    async def _output(self, _caller: Caller, request: OutputRequest) -> OutputPage:
        if request.action not in self.actions:
            raise Refusal(ErrorCode.UNKNOWN_ACTION, "no such action")
        lines = self.printed[request.action][request.after :]
        shown = lines[: request.limit]
        return OutputPage(action=self.actions[request.action], lines=shown, more=len(lines) > request.limit)

    async def _inputs(self, _caller: Caller, _request: Empty) -> MetaInputs:
        found = [MetaInput(name="hyperhive", revision="0123456789ab", changed_at=now(), url="path:/src")]
        found += [MetaInput(name=f"agent-{n}", revision=None, changed_at=None, url="x", agent=n) for n in self.views]
        return MetaInputs(inputs=found, commit=None)

    async def _update_inputs(self, caller: Caller, request: InputsUpdate) -> Rollout:
        assert caller.principal == "operator"
        known = ["hyperhive", *(f"agent-{name}" for name in self.views)]
        if set(request.names) - set(known):
            raise Refusal(ErrorCode.UNKNOWN_INPUT, "no such input", known=known)
        return await self._begin(RolloutCause.INPUTS, request.names)

    async def _update_all(self, caller: Caller, _request: Empty) -> Rollout:
        assert caller.principal == "operator"
        return await self._begin(RolloutCause.UPDATE_ALL, [])

    async def _begin(self, cause: RolloutCause, inputs: list[str]) -> Rollout:
        open_ones = [rollout.id for rollout in self.rollouts.values() if rollout.ended_at is None]
        if open_ones:
            raise Refusal(ErrorCode.ROLLOUT_IN_FLIGHT, "agents are being rebuilt", id=open_ones[0])
        return await self.roll(cause, inputs)

    async def _kept(self, _caller: Caller, _request: Empty) -> TombstoneList:
        return TombstoneList(tombstones=list(self.tombstones.values()))

    async def _purge(self, caller: Caller, request: AgentName) -> Empty:
        assert caller.principal == "operator"
        if request.name in self.views:
            raise Refusal(ErrorCode.AGENT_EXISTS, f"{request.name} lives; destroy it first")
        if self.tombstones.pop(request.name, None) is None:
            raise Refusal(ErrorCode.UNKNOWN_TOMBSTONE, f"nothing is kept of {request.name}")
        await self.emit(tombstones.TOMBSTONE_REMOVED, request)
        return Empty()
