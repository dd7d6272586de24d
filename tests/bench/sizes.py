"""How much each row measures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Rounds of ours and limit in turn (one more warms up), and how much is in a round."""

    rounds: int
    single: int
    """Requests one at a time in a round."""
    many: int
    """Requests in a round with 64 in flight."""
    wakes: int
    crowds: int
    hibernated: int
    """Agents asleep."""
    starts: int


FULL = Size(rounds=9, single=400, many=4000, wakes=15, crowds=5, hibernated=20, starts=3)
QUICK = Size(rounds=1, single=20, many=200, wakes=2, crowds=1, hibernated=4, starts=1)
