"""What the operator's page gets over HTTP and its event stream. The page's TypeScript types come from here."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from hive_wire.broker import Message, Receipt
from hive_wire.errors import ErrorBody
from hive_wire.lifecycle import AgentView, Capabilities, PortConflict
from hive_wire.live import AgentStatus, LiveEvent
from hive_wire.model import Timestamp, Wire


class Signal(StrEnum):
    """Whether the dashboard hears an agent's harness. Silence is a state of its own."""

    LIVE = "live"
    NO_SIGNAL = "no_signal"
    DOWN = "down"


class Tile(Wire):
    """One agent on the page: its container, its loop and its mail, never merged into one word."""

    name: str
    view: AgentView
    status: AgentStatus | None
    """What the harness last said; None when it never did."""
    signal: Signal
    signal_since: Timestamp
    pending: int = 0
    in_flight: int = 0
    dead: int = 0


class Swarm(Wire):
    """The swarm as a whole."""

    name: str
    version: str
    capabilities: Capabilities
    conflicts: list[PortConflict]
    unreachable: list[str]
    """Services that the dashboard doesn't reach just now."""
    body_limit: int
    """The largest message body, bytes."""


class Snapshot(Wire):
    """Everything the page shows, at one position of its event stream."""

    position: str
    swarm: Swarm
    agents: list[Tile]
    """The manager first, then by name."""
    messages: list[Message]
    messages_more: bool


class TileEvent(Wire):
    """An agent's tile, whole."""

    type: Literal["agent"] = "agent"
    agent: Tile


class TileRemovedEvent(Wire):
    """An agent is gone."""

    type: Literal["agent_removed"] = "agent_removed"
    name: str


class MessageEvent(Wire):
    """A new message."""

    type: Literal["message"] = "message"
    message: Message


class ReceiptEvent(Wire):
    """A message that the page may have changed its state."""

    type: Literal["receipt"] = "receipt"
    receipt: Receipt


class LiveRowEvent(Wire):
    """A row of the terminal of an agent that this stream asked for."""

    type: Literal["live"] = "live"
    event: LiveEvent


class SwarmEvent(Wire):
    """The swarm's own facts, whole."""

    type: Literal["swarm"] = "swarm"
    swarm: Swarm


class ResetEvent(Wire):
    """The stream can't go on from where the page was: take a new snapshot."""

    type: Literal["reset"] = "reset"


class PingEvent(Wire):
    """The stream is alive."""

    type: Literal["ping"] = "ping"


PageEvent = (
    TileEvent | TileRemovedEvent | MessageEvent | ReceiptEvent | LiveRowEvent | SwarmEvent | ResetEvent | PingEvent
)


class LoginRequest(Wire):
    """The code of a login address."""

    code: str = Field(min_length=1, max_length=200)


class SpawnForm(Wire):
    """An agent to make."""

    name: str = Field(max_length=64)


class DestroyForm(Wire):
    """An agent to remove; `confirm` repeats its name."""

    confirm: str = Field(max_length=64)
    purge: bool = False


class AgentPageHistory(Wire):
    """Rows of an agent's terminal, oldest first."""

    events: list[LiveEvent]
    more: bool
    live: bool
    """They came from the running harness; otherwise from its store."""


class PageError(Wire):
    """Every refused HTTP request."""

    error: ErrorBody


MODELS = (
    Snapshot, TileEvent, TileRemovedEvent, MessageEvent, ReceiptEvent, LiveRowEvent, SwarmEvent, ResetEvent,
    PingEvent, LoginRequest, SpawnForm, DestroyForm, AgentPageHistory, PageError,
)  # fmt: skip
