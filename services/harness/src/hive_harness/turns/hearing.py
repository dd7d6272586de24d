"""What is heard from Claude Code becomes live events, the status, and the figures of the turn that runs."""

from collections.abc import Callable
from typing import Any

from hive_wire.live import AgentState, LiveKind

from hive_harness.live import Live
from hive_harness.outcome import Raw
from hive_harness.session import Kept
from hive_harness.status import Status
from hive_harness.transcript import Row, rows
from hive_harness.turns.turn import Turn

ENDED = "hive_ended"
"""The runtime's own event: the process is gone without having been asked to go."""


class Hearing:
    """Listens to the runtime. `on_own_turn` is told of a turn that Claude Code began by itself, at its end
    (with its result, or without one when the process is gone)."""

    def __init__(self, live: Live, status: Status, kept: Kept) -> None:
        self._live, self._status, self._kept = live, status, kept
        self._own_turns = 0
        self.turn: Turn | None = None
        self.on_own_turn: Callable[[Turn, Raw | None], None] = _ignore

    def hear(self, event: Raw) -> None:
        """Take in one event; called for each, in order."""
        kind = event.get("type")
        begins = kind == "system" and event.get("subtype") == "init"
        if begins:
            self._session(event)
            if self.turn is None and not event.get("user_message_uuids"):
                self._begin_own_turn()
        turn = self.turn
        if turn is not None:
            turn.figures.feed(event)
        for row in rows(event):
            self._live.say(row.kind, row.data, turn.id if turn else None)
            self._show_activity(row)
        if kind == ENDED:
            self._status.update(awake=False, activity=None)
        if turn is not None and turn.own and kind in ("result", ENDED):
            self.turn = None
            self.on_own_turn(turn, event if kind == "result" else None)

    def complain(self, text: str) -> None:
        """Take in a line that Claude Code wrote to its stderr."""
        self._live.say(LiveKind.STDERR, {"text": text}, self.turn.id if self.turn else None)

    def begin(self, turn: Turn, prompt_chars: int) -> None:
        """From now on, what is heard belongs to `turn`."""
        self.turn = turn
        data: dict[str, Any] = {"turn": turn.id, "woken_by": turn.senders(), "prompt_chars": prompt_chars}  # Any: JSON
        self._live.say(LiveKind.TURN_STARTED, {**data, "own": True} if turn.own else data, turn.id)
        self._status.enter(AgentState.THINKING, turn=turn.id, activity=None)

    def _begin_own_turn(self) -> None:
        self._own_turns += 1
        self.begin(Turn(f"{self._live.epoch}.own{self._own_turns}", own=True), 0)

    def _session(self, event: Raw) -> None:
        session = event.get("session_id")
        if isinstance(session, str):
            self._kept.keep_session(session)
            self._status.update(session=session, model=self._kept.model or event.get("model"))

    def _show_activity(self, row: Row) -> None:
        if "subagent" in row.data:
            return
        if row.kind is LiveKind.TOOL_CALL:
            self._status.update(activity=f"{row.data['verb']} {row.data['object']}".strip())
        elif row.kind is LiveKind.TOOL_RESULT:
            self._status.update(activity=None)


def _ignore(_turn: Turn, _result: Raw | None) -> None:
    return
