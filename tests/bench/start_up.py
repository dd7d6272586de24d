"""BEN-11: `./run up` on an installed checkout, until every service is ready."""

import asyncio
import statistics
import subprocess
import time
from pathlib import Path

from tests.bench.figures import Figure, Progress
from tests.bench.sizes import Size

ROOT = Path(__file__).parents[2]
GOAL_SECONDS = 5.0


async def start_up(folder: Path, size: Size, say: Progress) -> list[Figure]:
    """With a new state folder each time, so that set-up is part of it. The first start installs what is missing."""
    taken: list[float] = []
    for number in range(size.starts + 1):
        state = folder / f"up-{number}"
        began = time.perf_counter()
        await asyncio.to_thread(_run, "up", "--detach", "--any-ports", "--state", str(state))
        taken.append(time.perf_counter() - began)
        await asyncio.to_thread(_run, "down", "--state", str(state))
        say(f"BEN-11 round {number} of {size.starts}: {taken[-1]:.2f} s")
    seconds = statistics.median(taken[1:])
    work = f"./run up when installed, new state folder → every service ready (n={size.starts})"
    return [Figure("BEN-11", work, seconds, None, "≤ 5 s", seconds <= GOAL_SECONDS, "s")]


def _run(*arguments: str) -> None:
    done = subprocess.run([str(ROOT / "run"), *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"./run {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
