"""Which of many points to kill at are tried: a few drawn by a seed in `./run test`, all with `./run chaos --points`."""

import os
import random
from collections.abc import Sequence

ALL = "HIVE_EVERY_KILL_POINT"
SEED = "HIVE_KILL_SEED"


def some_of(points: Sequence[str], count: int) -> list[str]:
    """`count` of the points in their order, by the seed in HIVE_KILL_SEED (1); all with HIVE_EVERY_KILL_POINT set."""
    if os.environ.get(ALL) or count >= len(points):
        return list(points)
    drawn = set(random.Random(os.environ.get(SEED, "1")).sample(range(len(points)), count))
    return [point for number, point in enumerate(points) if number in drawn]
