"""`python -m tests.bench [--json] [--only BEN-1,BEN-2] [--quick]`: measures, prints the table.

Ends with 1 unless every goal holds.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from rich.console import Console

from tests.bench import figures, memory, messages, start_up, wakes
from tests.bench.figures import Figure, Progress, absent
from tests.bench.rig import Rig, rig
from tests.bench.sizes import FULL, QUICK, Size

OnRig = Callable[[Rig, Size, Progress], Awaitable[list[Figure]]]

ON_RIG: dict[str, OnRig] = {
    "BEN-1": messages.durable_send,
    "BEN-2": messages.many_sends,
    "BEN-3": messages.stored_to_returned,
    "BEN-4": wakes.one_wake,
    "BEN-5": wakes.ten_wakes,
    "BEN-6": memory.hibernated,
}
START_UP = "BEN-11"
_MESSAGES = {"BEN-1", "BEN-2", "BEN-3"}
KNOWN = (*ON_RIG, START_UP)
_GOALS = {
    "BEN-1": "ratio ≤ 4",
    "BEN-2": "ratio ≥ 0.1, ≥ 5; p99 ≤ 40 ms",
    "BEN-3": "ratio ≤ 6 / ≤ 15",
    "BEN-4": "ratio ≤ 0.15 / ≤ 1.3",
    "BEN-5": "ratio ≤ 0.15",
    "BEN-6": "ratio ≤ 3.5",
    START_UP: "≤ 5 s",
}


def measure(only: frozenset[str], size: Size, say: Progress) -> list[Figure]:
    """The rows that were asked for, in their order, each group on services of its own.

    What only sends and receives runs on the broker's kind of loop; agents are started as lifecycle does, on asyncio's.
    """
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
        for name in KNOWN:
            if name not in only:
                continue
            try:
                run = uvloop.run if name in _MESSAGES else asyncio.run
                found += run(_row(name, Path(folder) / name, size, say))
            except Exception as error:  # the table's edge: the other rows are still measured
                say(f"{name} was not measured: {type(error).__name__}: {error}")
                found.append(absent(name, _GOALS[name]))
    return found


async def _row(name: str, folder: Path, size: Size, say: Progress) -> list[Figure]:
    if name == START_UP:
        return await start_up.start_up(folder, size, say)
    async with AsyncExitStack() as stack:
        started = await stack.enter_async_context(rig(folder))
        gc.collect()
        gc.freeze()  # the client's own collections are nobody's figure
        return await ON_RIG[name](started, size, say)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--only", default="", help="rows by id, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works, proves nothing")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/figures.md has it")
    options = parser.parse_args()
    only = frozenset(options.only.split(",")) if options.only else frozenset(KNOWN)
    if only - set(KNOWN):
        parser.error(f"unknown: {', '.join(sorted(only - set(KNOWN)))}; there are {', '.join(KNOWN)}")

    def say(text: str) -> None:
        sys.stderr.write(text + "\n")

    found = measure(only, QUICK if options.quick else FULL, say)
    if options.json:
        sys.stdout.write(figures.as_json(found) + "\n")
    elif options.markdown:
        sys.stdout.write(figures.as_markdown(found) + "\n")
    else:
        figures.print_table(found, Console(width=160))
    return 0 if all(f.holds for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
