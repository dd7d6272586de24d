"""An agent's live events: what its page shows while it works."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from hive_wire.model import Timestamp, Wire


class AgentState(StrEnum):
    """What an agent's loop is doing, as its harness says it."""

    OFFLINE = "offline"
    STARTING = "starting"
    IDLE = "idle"
    THINKING = "thinking"
    COMPACTING = "compacting"
    CANCELLING = "cancelling"
    PARKED = "parked"
    NEEDS_LOGIN = "needs_login"


class LiveKind(StrEnum):
    """What a live event tells. Pages show one that they don't know as it is."""

    STATE = "state"
    """The agent's status changed; data is `AgentStatus`."""
    TURN_STARTED = "turn_started"
    """data: turn, woken_by (list of {id, sender}), prompt_chars."""
    TURN_ENDED = "turn_ended"
    """data: outcome, reason, seconds, ctx_tokens, cost_usd, output_tokens, tool_calls."""
    TEXT = "text"
    """data: text; subagent where it is one's."""
    THINKING = "thinking"
    """data: text."""
    TOOL_CALL = "tool_call"
    """data: id, name, input, verb, object."""
    TOOL_RESULT = "tool_result"
    """data: id, is_error, text, bytes; diff (added, removed, patch) for file changes."""
    COMPACTION = "compaction"
    """data: phase, trigger, pre_tokens, post_tokens, error."""
    RETRY = "retry"
    """data: attempt, error, delay_seconds, status."""
    TASK = "task"
    """A subagent or background command: data: id, phase, description, summary."""
    NOTE = "note"
    """The harness says something: data: text."""
    STDERR = "stderr"
    """data: text."""
    ERROR = "error"
    """data: text, code."""
    UNKNOWN = "unknown"
    """data: raw, the event as Claude Code gave it."""


class AgentStatus(Wire):
    """An agent's loop at one moment."""

    state: AgentState
    since: Timestamp
    reason: str | None = None
    """Why it is parked, or what it waits for."""
    activity: str | None = None
    """What it does just now, verb and object: `Bash ls -la`."""
    model: str | None = None
    session: str | None = None
    """Claude Code's session id."""
    awake: bool = False
    """Whether a Claude Code process is up for it."""
    logged_in: bool | None = None
    ctx_tokens: int | None = None
    """The last inference's prompt: what fills the context window."""
    ctx_limit: int | None = None
    cost_usd: float | None = None
    """The sum over the session, at list prices."""
    turns: int = 0
    """Turns ended since the agent was made."""
    turn: str | None = None
    """The turn that runs."""
    last_turn_seconds: float | None = None
    version: str | None = None
    """hyperhive's version that the harness runs."""
    cancelled_turn: str | None = None
    """A cancelled turn whose messages wait for retry or dismiss."""


class LiveEvent(Wire):
    """One row of an agent's terminal, or a change of its state."""

    agent: str
    epoch: int
    """The harness's start: 0 before the broker has given one."""
    n: int
    """The event's number in the agent's history; with no store, counted from 1 in this epoch."""
    at: Timestamp
    kind: str
    """A `LiveKind`, or one of a newer harness."""
    turn: str | None = None
    data: dict[str, Any] = Field(default_factory=dict[str, Any])  # Any: differs by kind
