"""What the page shows: tiles, mail, what waits for the operator, rebuilds, what is kept. Pure: snapshots and events in,
page events out. What actions print only passes through: pages ask lifecycle for what came before.

Which events to apply is decided before (`sources`); numbering what comes out is the stream's matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hive_wire import approvals, broker, lifecycle, tombstones
from hive_wire.approvals import ApprovalsSnapshot, Question
from hive_wire.broker import BrokerSnapshot, InboxCounts, Message, Moved, Received, ReminderChanged
from hive_wire.builds import Printed
from hive_wire.lifecycle import (
    AgentChanged,
    AgentName,
    AgentView,
    Capabilities,
    ContainerState,
    LifecycleSnapshot,
    PortConflict,
)
from hive_wire.live import AgentStatus
from hive_wire.model import Wire
from hive_wire.names import Role
from hive_wire.page import (
    MessageEvent,
    PageEvent,
    PrintedEvent,
    ReceiptEvent,
    ReminderEvent,
    RolloutEvent,
    Signal,
    Snapshot,
    Swarm,
    SwarmEvent,
    Tile,
    TileEvent,
    TileRemovedEvent,
    TombstoneEvent,
    TombstoneRemovedEvent,
)
from hive_wire.rollouts import Rollout
from hive_wire.tombstones import Tombstone
from hive_wire.verb import Event

from hive_dashboard.decisions import Decisions
from hive_dashboard.inbox import Inbox
from hive_dashboard.messages import NewestMessages
from hive_dashboard.reminders import Reminders
from hive_dashboard.rollouts import Rollouts
from hive_dashboard.tombstones import Tombstones

SOURCES = (approvals.SERVICE, broker.SERVICE, lifecycle.SERVICE)


@dataclass(frozen=True)
class Facts:
    """What the dashboard knows of the swarm by itself."""

    name: str
    version: str
    body_limit: int
    sandboxed: bool


@dataclass(frozen=True)
class _Signal:
    signal: Signal
    since: datetime


class Projection:
    """The page's state. Every change returns the page events that tell of it; no change returns none."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._capabilities = Capabilities(
            runtime="", sandboxed=facts.sandboxed, separate_users=False, memory_limits=False, notes=[]
        )
        self._conflicts: list[PortConflict] = []
        self._unreachable = set(SOURCES)
        self._views: dict[str, AgentView] = {}
        self._statuses: dict[str, AgentStatus] = {}
        self._counts: dict[str, InboxCounts] = {}
        self._silent: set[str] = set()
        self._signals: dict[str, _Signal] = {}
        self._messages = NewestMessages()
        self._inbox = Inbox()
        self._reminders = Reminders()
        self._decisions = Decisions()
        self._rollouts = Rollouts()
        self._tombstones = Tombstones()

    def snapshot(self, position: str) -> Snapshot:
        """Everything, at `position` of the page's stream."""
        messages, more = self._messages.shown()
        return Snapshot(
            position=position,
            swarm=self._swarm(),
            agents=[self._tile(name) for name in self._names()],
            messages=messages,
            messages_more=more,
            inbox=self._inbox.mail,
            inbox_more=self._inbox.more,
            approvals=self._decisions.approvals,
            approvals_resolved=self._decisions.resolved,
            questions=self._decisions.questions,
            questions_more=self._decisions.questions_more,
            drafts=self._decisions.drafts,
            reminders=self._reminders.soonest,
            reminders_total=self._reminders.total,
            broken=self._decisions.broken,
            rollouts=self._rollouts.shown,
            tombstones=self._tombstones.shown,
        )

    def view(self, name: str) -> AgentView | None:
        """What lifecycle last said of an agent."""
        return self._views.get(name)

    def running(self) -> list[AgentView]:
        """The agents whose container runs."""
        return [view for view in self._views.values() if view.container is ContainerState.RUNNING]

    def status(self, name: str) -> AgentStatus | None:
        """What an agent's harness last said."""
        return self._statuses.get(name)

    def is_reachable(self, service: str) -> bool:
        """Whether a service answered when it was last asked."""
        return service not in self._unreachable

    def install(self, snapshot: BrokerSnapshot | LifecycleSnapshot | ApprovalsSnapshot, now: datetime) -> None:
        """Begin anew with a service's snapshot; pages have to do so too."""
        if isinstance(snapshot, BrokerSnapshot):
            self._messages.replace(snapshot.messages, snapshot.more)
            self._counts = {counts.name: counts for counts in snapshot.inboxes}
            self._reminders.replace(snapshot.reminders, snapshot.reminder_counts)
        elif isinstance(snapshot, ApprovalsSnapshot):
            self._decisions.install(snapshot)
        else:
            self._install_agents(snapshot, now)

    def install_inbox(self, mail: Sequence[Message], more: bool) -> None:
        """Begin anew with the operator's unhandled mail, oldest first; goes with the broker's snapshot.

        It may be newer than the snapshot: the events in between, applied after it, lead to the same state.
        """
        self._inbox.replace(mail, more)

    def install_questions(self, questions: Sequence[Question], more: bool) -> None:
        """Begin anew with the operator's open questions, where there are more than approvals' snapshot holds.

        They may be newer than the snapshot, like mail.
        """
        self._decisions.install_questions(questions, more)

    def apply(self, event: Event[Any], payload: Wire, now: datetime) -> list[PageEvent]:  # Any: any event's payload
        """A service's event, the next one in its sequence."""
        if event.service == broker.SERVICE:
            return self._apply_mail(payload)
        if event.service == approvals.SERVICE:
            return self._decisions.apply(event, payload)
        return self._apply_agents(event, payload, now)

    def _apply_agents(self, event: Event[Any], payload: Wire, now: datetime) -> list[PageEvent]:  # Any: as above
        if isinstance(payload, AgentChanged):
            self._put_view(payload.agent, now)
            return [*self._tile_events([payload.agent.name]), *self._put_conflicts(payload.conflicts)]
        if isinstance(payload, Printed):
            return [PrintedEvent(action=payload.action, agent=payload.agent, lines=payload.lines)]
        if isinstance(payload, Rollout):
            self._rollouts.put(payload)
            return [RolloutEvent(rollout=payload)]
        if isinstance(payload, Tombstone):
            self._tombstones.put(payload)
            return [TombstoneEvent(tombstone=payload)]
        return self._apply_removal(event, payload.name) if isinstance(payload, AgentName) else []

    def _apply_removal(self, event: Event[Any], name: str) -> list[PageEvent]:  # Any: as above
        if event is tombstones.TOMBSTONE_REMOVED and self._tombstones.drop(name):
            return [TombstoneRemovedEvent(name=name)]
        if event is lifecycle.REMOVED and name in self._views:
            self._forget(name)
            return [TileRemovedEvent(name=name)]
        return []

    def _apply_mail(self, payload: Wire) -> list[PageEvent]:
        if isinstance(payload, Received):
            self._messages.put(payload.message)
            self._inbox.put(payload.message)
            self._counts[payload.counts.name] = payload.counts
            return [MessageEvent(message=payload.message), *self._tile_events([payload.counts.name])]
        if isinstance(payload, Moved):
            for receipt in payload.receipts:
                self._messages.update(receipt)
                self._inbox.update(receipt)
            self._counts[payload.counts.name] = payload.counts
            receipts = [ReceiptEvent(receipt=receipt) for receipt in payload.receipts]
            return [*receipts, *self._tile_events([payload.counts.name])]
        if isinstance(payload, ReminderChanged):
            self._reminders.put(payload)
            changed = ReminderEvent(reminder=payload.reminder, total=self._reminders.total)
            return [changed, *self._tile_events([payload.reminder.owner])]
        return []

    def put_status(self, name: str, status: AgentStatus) -> list[PageEvent]:
        """A harness said how it is."""
        if self._statuses.get(name) == status:
            return []
        self._statuses[name] = status
        return self._tile_events([name])

    def put_silent(self, silent: Iterable[str], now: datetime) -> list[PageEvent]:
        """These agents, and no others, were not heard for too long."""
        self._silent = set(silent)
        return self._tile_events([name for name in self._names() if self._update_signal(name, now)])

    def put_reachable(self, service: str, reachable: bool) -> list[PageEvent]:
        """A service answers, or doesn't."""
        if reachable == self.is_reachable(service):
            return []
        self._unreachable ^= {service}
        return [SwarmEvent(swarm=self._swarm())]

    def _install_agents(self, snapshot: LifecycleSnapshot, now: datetime) -> None:
        self._capabilities, self._conflicts = snapshot.capabilities, snapshot.conflicts
        self._rollouts.replace(snapshot.rollouts)
        self._tombstones.replace(snapshot.tombstones)
        for name in set(self._views) - {view.name for view in snapshot.agents}:
            self._forget(name)
        for view in snapshot.agents:
            self._put_view(view, now)

    def _put_view(self, view: AgentView, now: datetime) -> None:
        old = self._views.get(view.name)
        self._views[view.name] = view
        status = self._statuses.get(view.name)
        began = old is None or old.container_since != view.container_since
        if status and began and view.container is ContainerState.RUNNING and status.since < view.container_since:
            del self._statuses[view.name]  # an earlier run's last word says nothing of this one
        self._update_signal(view.name, now)

    def _put_conflicts(self, conflicts: list[PortConflict]) -> list[PageEvent]:
        if conflicts == self._conflicts:
            return []
        self._conflicts = conflicts
        return [SwarmEvent(swarm=self._swarm())]

    def _forget(self, name: str) -> None:
        del self._views[name]
        self._statuses.pop(name, None)
        self._signals.pop(name, None)

    def _update_signal(self, name: str, now: datetime) -> bool:
        view, old = self._views[name], self._signals.get(name)
        if view.container is not ContainerState.RUNNING:
            new = _Signal(Signal.DOWN, view.container_since)
        else:
            signal = Signal.NO_SIGNAL if name in self._silent else Signal.LIVE
            new = old if old and old.signal is signal else _Signal(signal, now)
        self._signals[name] = new
        return new != old

    def _tile_events(self, names: Iterable[str]) -> list[PageEvent]:
        return [TileEvent(agent=self._tile(name)) for name in names if name in self._views]

    def _tile(self, name: str) -> Tile:
        counts, signal = self._counts.get(name), self._signals[name]
        return Tile(
            name=name,
            view=self._views[name],
            status=self._statuses.get(name),
            signal=signal.signal,
            signal_since=signal.since,
            pending=counts.pending if counts else 0,
            in_flight=counts.in_flight if counts else 0,
            dead=counts.dead if counts else 0,
            reminders=self._reminders.of(name),
        )

    def _names(self) -> list[str]:
        return sorted(self._views, key=lambda name: (self._views[name].role is not Role.MANAGER, name))

    def _swarm(self) -> Swarm:
        return Swarm(
            name=self._facts.name,
            version=self._facts.version,
            capabilities=self._capabilities,
            conflicts=self._conflicts,
            unreachable=sorted(self._unreachable),
            body_limit=self._facts.body_limit,
        )
