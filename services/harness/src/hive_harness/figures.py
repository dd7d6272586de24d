"""A turn's figures, gathered from Claude Code's events: what fills the context, and what the turn cost.

The two are never mixed: *ctx* is the size of the last inference's prompt on the main thread, *cost* a sum.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from hive_harness.outcome import Raw

Json = dict[str, Any]  # Any: JSON of Claude Code


@dataclass(frozen=True)
class Tokens:
    """Token counts of one inference or of several."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def prompt(self) -> int:
        """Everything that the model read."""
        return self.input + self.cache_read + self.cache_write


@dataclass
class Figures:
    """Feed it every event of a turn."""

    last: Tokens | None = None
    total: Tokens = field(default_factory=Tokens)
    session_cost_usd: float | None = None
    cost_usd: float = 0.0
    ctx_limit: int | None = None
    model: str | None = None
    tools: Counter[str] = field(default_factory=Counter[str])

    @property
    def ctx_tokens(self) -> int | None:
        """The last inference's prompt size; None when there was no inference."""
        return self.last.prompt if self.last else None

    @property
    def tool_calls(self) -> int:
        """How many tools were called, subagents' included."""
        return sum(self.tools.values())

    def feed(self, event: Raw) -> None:
        """Take one event into account."""
        if event.get("type") == "assistant":
            self._assistant(cast(Json, event.get("message") or {}), event)
        elif event.get("type") == "result":
            self._result(event)
        elif event.get("subtype") == "compact_boundary":
            self._compacted(cast(Json, event.get("compact_metadata") or {}))

    def _assistant(self, message: Json, event: Raw) -> None:
        for block in cast("list[Json]", message.get("content") or []):
            if block.get("type") == "tool_use":
                self.tools[str(block.get("name"))] += 1
        usage = tokens(message.get("usage"))
        if not event.get("parent_tool_use_id") and usage.prompt:
            self.last = usage
            self.model = str(message.get("model"))

    def _compacted(self, facts: Json) -> None:
        after = facts.get("post_tokens")
        if isinstance(after, int):
            self.last = Tokens(input=after)

    def _result(self, event: Raw) -> None:
        self.total = tokens(event.get("usage"))
        if isinstance(event.get("total_cost_usd"), int | float):
            self.session_cost_usd = float(event["total_cost_usd"])
        used = cast("dict[str, Json]", event.get("model_usage_since_last_result") or {})
        self.cost_usd += sum(float(model.get("costUSD") or 0) for model in used.values())
        known = cast("dict[str, Json]", event.get("modelUsage") or {})
        windows = [int(model.get("contextWindow") or 0) for model in known.values()]
        if windows and max(windows):
            own = known.get(self.model or "", {}).get("contextWindow")
            self.ctx_limit = int(own or max(windows))


def tokens(usage: Any) -> Tokens:  # Any: what an event holds under `usage`
    """The counts in a usage block; zero where it says nothing."""
    block = cast(Json, usage) if isinstance(usage, dict) else {}
    return Tokens(
        input=int(block.get("input_tokens") or 0),
        output=int(block.get("output_tokens") or 0),
        cache_read=int(block.get("cache_read_input_tokens") or 0),
        cache_write=int(block.get("cache_creation_input_tokens") or 0),
    )
