"""What the supervisor asks of the local runtime, each in a process of its own.

`check` says as JSON whether agents can be sandboxed here. `stop-all <root> [--grace S]` is the last resort: it stops
every agent of the local runtime below root; exit code 0 when all are gone, else 1 with their names on stderr.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from hive_lifecycle.runtimes.sandbox_check import find_sandbox
from hive_lifecycle.runtimes.stopping import stop_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hive_lifecycle.runtimes")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("check", help="whether agents can be sandboxed here: {works, reason, command}")
    stop = commands.add_parser("stop-all", help="stop every agent below a runtime's root")
    stop.add_argument("root", type=Path)
    stop.add_argument("--grace", type=float, default=10, help="seconds until what is left is killed")
    arguments = parser.parse_args()
    return _check() if arguments.command == "check" else _stop_all(arguments.root, arguments.grace)


def _check() -> int:
    found = find_sandbox()
    said = {"works": found.works, "reason": found.reason, "command": found.command}
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def _stop_all(root: Path, grace: float) -> int:
    left = asyncio.run(stop_all(root, grace))
    if left:
        sys.stderr.write(f"still running: {', '.join(left)}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
