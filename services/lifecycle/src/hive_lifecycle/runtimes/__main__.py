"""`python -m hive_lifecycle.runtimes stop-all <root> [--grace S]`: the supervisor's last resort. Stops every agent
of the local runtime below root; exit code 0 when all are gone, else 1 with their names on stderr.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from hive_lifecycle.runtimes.stopping import stop_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hive_lifecycle.runtimes")
    commands = parser.add_subparsers(required=True)
    stop = commands.add_parser("stop-all", help="stop every agent below a runtime's root")
    stop.add_argument("root", type=Path)
    stop.add_argument("--grace", type=float, default=10, help="seconds until what is left is killed")
    arguments = parser.parse_args()
    left = asyncio.run(stop_all(arguments.root, arguments.grace))
    if left:
        sys.stderr.write(f"still running: {', '.join(left)}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
