"""One turn: which mail it holds, what it used, how it ended."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hive_wire.broker import Delivery
from hive_wire.model import iso

from hive_harness.figures import Figures
from hive_harness.outcome import Outcome
from hive_harness.store import TurnRow


@dataclass
class Turn:
    """A turn that runs. `own` turns were begun by Claude Code itself, when a background task of its ended."""

    id: str
    woken_by: list[Delivery] = field(default_factory=list[Delivery])
    own: bool = False
    ids: list[int] = field(default_factory=list[int])
    figures: Figures = field(default_factory=Figures)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def senders(self) -> list[dict[str, Any]]:  # Any: numbers and names
        """Who woke it, as a live event says it."""
        return [{"id": message.id, "sender": message.sender} for message in self.woken_by]

    def seconds(self, now: datetime) -> float:
        """How long it has taken."""
        return round((now - self.started_at).total_seconds(), 3)

    def summary(self, outcome: Outcome, now: datetime) -> dict[str, Any]:  # Any: figures and texts
        """The data of its `turn_ended` event."""
        figures = self.figures
        return {
            "outcome": outcome.result.value,
            "reason": outcome.reason,
            "seconds": self.seconds(now),
            "ctx_tokens": figures.ctx_tokens,
            "cost_usd": round(figures.cost_usd, 6),
            "input_tokens": figures.total.prompt,
            "output_tokens": figures.total.output,
            "tool_calls": figures.tool_calls,
            "messages": self.ids,
        }

    def row(self, epoch: int, outcome: Outcome, now: datetime) -> TurnRow:
        """Its statistics."""
        figures = self.figures
        return TurnRow(
            turn=self.id,
            epoch=epoch,
            model=figures.model,
            woken_by=json.dumps(self.senders()),
            outcome=outcome.result.value,
            reason=outcome.reason,
            started_at=iso(self.started_at),
            ended_at=iso(now),
            seconds=self.seconds(now),
            ctx_tokens=figures.ctx_tokens,
            ctx_limit=figures.ctx_limit,
            input_tokens=figures.total.input,
            output_tokens=figures.total.output,
            cache_read_tokens=figures.total.cache_read,
            cache_write_tokens=figures.total.cache_write,
            last_input_tokens=figures.last.input if figures.last else None,
            last_cache_read_tokens=figures.last.cache_read if figures.last else None,
            last_cache_write_tokens=figures.last.cache_write if figures.last else None,
            cost_usd=figures.cost_usd,
            session_cost_usd=figures.session_cost_usd,
            tool_calls=figures.tool_calls,
            tools=json.dumps(dict(figures.tools)),
        )
