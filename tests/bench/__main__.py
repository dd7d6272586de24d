"""`python -m tests.bench [--json] [--only BEN-1,BEN-2] [--quick]`: measures, prints the table, exits with 1 unless all holds."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from tests.bench import figures, messages
from tests.bench.figures import Figure, Progress
from tests.bench.messages import FULL, QUICK, Size
from tests.bench.rig import Rig, rig

OnRig = Callable[[Rig, Size, Progress], Awaitable[list[Figure]]]

MESSAGES: dict[str, OnRig] = {
    "BEN-1": messages.durable_send,
    "BEN-2": messages.many_sends,
    "BEN-3": messages.stored_to_returned,
}


async def measure(only: frozenset[str], size: Size, say: Progress) -> list[Figure]:
    """The rows that were asked for, in their order."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as folder:
        if only & MESSAGES.keys():
            async with rig(Path(folder)) as started:
                for name, work in MESSAGES.items():
                    if name in only:
                        found += await work(started, size, say)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--only", default="", help="rows by id, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works, proves nothing")
    options = parser.parse_args()
    known = frozenset(MESSAGES)
    only = frozenset(options.only.split(",")) if options.only else known
    if only - known:
        parser.error(f"unknown: {', '.join(sorted(only - known))}; there are {', '.join(known)}")

    def say(text: str) -> None:
        sys.stderr.write(text + "\n")

    found = asyncio.run(measure(only, QUICK if options.quick else FULL, say))
    if options.json:
        sys.stdout.write(figures.as_json(found) + "\n")
    else:
        figures.print_table(found, Console(width=160))
    return 0 if all(f.holds for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
