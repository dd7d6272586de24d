"""What the agent's loop is doing, said as one value; every change is a live event."""

from datetime import UTC, datetime
from typing import Any

from hive_kit.version import VERSION
from hive_wire.live import AgentState, AgentStatus, LiveKind

from hive_harness.live import Live


class Status:
    """The agent's status now. `since` moves when the state does, or the reason it is in it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._now = AgentStatus(state=AgentState.STARTING, since=datetime.now(UTC), version=VERSION)

    @property
    def now(self) -> AgentStatus:
        """The status as it goes over the wire."""
        return self._now

    @property
    def state(self) -> AgentState:
        """The state alone."""
        return self._now.state

    def enter(self, state: AgentState, reason: str | None = None, **facts: Any) -> None:  # Any: status fields
        """Go into `state`, changing other facts with it."""
        moved = (state, reason) != (self._now.state, self._now.reason)
        since = datetime.now(UTC) if moved else self._now.since
        self._change({"state": state, "reason": reason, "since": since, **facts})

    def update(self, **facts: Any) -> None:  # Any: status fields
        """Change facts but not the state."""
        self._change(facts)

    def say(self) -> None:
        """Say the status again, for who was not there."""
        self._live.say(LiveKind.STATE, self._now.model_dump(mode="json"), self._now.turn)

    def _change(self, facts: dict[str, Any]) -> None:  # Any: status fields
        changed = self._now.model_copy(update=facts)
        if changed != self._now:
            self._now = changed
            self.say()
