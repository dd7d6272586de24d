"""Rows of the table: what was measured, what it is compared with, and whether the goal holds."""

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A row. `ours` and `limit` are in `unit`; None where there is nothing to compare with or it wasn't measured."""

    id: str
    work: str
    ours: float | None
    limit: float | None
    goal: str
    holds: bool
    unit: str

    @property
    def ratio(self) -> float | None:
        """Ours to the limit."""
        return None if self.ours is None or not self.limit else self.ours / self.limit


def at_most(id: str, work: str, ours: float, limit: float, most: float, unit: str = "ms") -> Figure:
    """A row whose ratio may be at most `most`."""
    return Figure(id, work, ours, limit, f"ratio ≤ {most:g}", ours / limit <= most, unit)


def at_least(id: str, work: str, ours: float, limit: float, least: float, unit: str) -> Figure:
    """A row whose ratio must be at least `least`."""
    return Figure(id, work, ours, limit, f"ratio ≥ {least:g}", ours / limit >= least, unit)


def absent(id: str, goal: str) -> Figure:
    """A row that could not be measured here, which never counts as holding."""
    return Figure(id, "not measured", None, None, goal, False, "")


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that `share` (0 to 1) of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def over_rounds(rounds: Sequence[Sequence[float]], share: float) -> float:
    """The median over rounds of each round's percentile, so that one disturbed round does not decide."""
    return statistics.median(percentile(samples, share) for samples in rounds)


def as_json(figures: Sequence[Figure]) -> str:
    """The table for programs."""
    rows = [
        {
            "id": f.id,
            "ours": _rounded(f.ours),
            "limit": _rounded(f.limit),
            "ratio": _rounded(f.ratio),
            "goal": f.goal,
            "holds": f.holds,
            "unit": f.unit,
        }
        for f in figures
    ]
    return json.dumps({"rows": rows}, ensure_ascii=False)


def print_table(figures: Sequence[Figure], console: Console) -> None:
    """The table for people."""
    table = Table("id", "work", "ours", "limit", "ratio", "goal", "holds", "unit")
    for f in figures:
        shown = [_shown(value) for value in (f.ours, f.limit, f.ratio)]
        table.add_row(f.id, f.work, *shown, f.goal, "yes" if f.holds else "NO", f.unit)
    console.print(table)


def as_markdown(figures: Sequence[Figure]) -> str:
    """The table for docs."""
    lines = ["| id | work | ours | limit | ratio | goal | holds | unit |", "|---|---|---|---|---|---|---|---|"]
    for f in figures:
        shown = " | ".join(_shown(value) for value in (f.ours, f.limit, f.ratio))
        lines.append(f"| {f.id} | {f.work} | {shown} | {f.goal} | {'yes' if f.holds else 'no'} | {f.unit} |")
    return "\n".join(lines)


Progress = Callable[[str], None]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
