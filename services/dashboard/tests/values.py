"""Values that a projection is fed with."""

from datetime import UTC, datetime, timedelta

from hive_dashboard.projection import Facts, Projection
from hive_wire.broker import InboxCounts, Message, MessageState
from hive_wire.lifecycle import (
    AgentChanged,
    AgentView,
    Capabilities,
    ContainerState,
    LifecycleSnapshot,
    PortConflict,
)
from hive_wire.names import role_of
from hive_wire.page import Signal
from hive_wire.rollouts import Rollout, RolloutCause
from hive_wire.tombstones import Tombstone

T0 = datetime(2026, 11, 21, tzinfo=UTC)
NOW = T0 + timedelta(hours=1)
FACTS = Facts("hive", "1", 1000, True)
CAPABILITIES = Capabilities(runtime="local", sandboxed=True, separate_users=True, memory_limits=True, notes=[])


def message(number: int, to: str = "coder", state: MessageState = MessageState.PENDING, body: str = "hi") -> Message:
    return Message(id=number, sender="manager", recipient=to, state=state, stored_at=T0, body=body)


def view(name: str, container: ContainerState = ContainerState.RUNNING, since: datetime = T0) -> AgentView:
    return AgentView(
        name=name, role=role_of(name), container=container, container_since=since, wanted=True, port=1, created_at=T0
    )


def counts(name: str = "coder", pending: int = 0, in_flight: int = 0) -> InboxCounts:
    return InboxCounts(name=name, pending=pending, in_flight=in_flight, dead=0)


def changed(agent: AgentView, conflicts: list[PortConflict] | None = None) -> AgentChanged:
    return AgentChanged(agent=agent, conflicts=conflicts or [])


def with_agents(*views: AgentView) -> Projection:
    projection = Projection(FACTS)
    snapshot = LifecycleSnapshot(agents=list(views), capabilities=CAPABILITIES, outbox_id=0, store="l", conflicts=[])
    projection.install(snapshot, NOW)
    return projection


def tiles(projection: Projection) -> dict[str, Signal]:
    return {tile.name: tile.signal for tile in projection.snapshot("x:0").agents}


def rollout(number: int, ended: bool = False) -> Rollout:
    ended_at = NOW if ended else None
    return Rollout(
        id=number, cause=RolloutCause.INPUTS, requested_by="operator", begun_at=T0, ended_at=ended_at, agents=[]
    )


def tombstone(name: str, size: int = 1) -> Tombstone:
    return Tombstone(name=name, destroyed_at=T0, changed_at=T0, size_bytes=size, login_kept=False)
