"""Composition root of `python -m hive_demo`: reads the arguments, opens the port and the log, serves."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path

from hive_demo.http import application
from hive_demo.ledger import Ledger
from hive_demo.model import ScriptedModel
from hive_demo.server import Server, loopback_socket, notify_supervisor, port_of
from hive_demo.turns import Turns


def main() -> int:
    options = _arguments()
    try:
        bound = loopback_socket(options.port)
    except OSError as error:
        sys.stderr.write(f"port {options.port} of 127.0.0.1: {error.strerror}\n")
        return 1

    def ready() -> None:
        sys.stdout.write(f"{json.dumps({'port': port_of(bound)})}\n")
        sys.stdout.flush()
        notify_supervisor()

    with contextlib.ExitStack() as closing:
        log = closing.enter_context(options.log.open("a", encoding="utf-8")) if options.log else None
        server = Server(application(ScriptedModel(Turns(), options.pace), Ledger(log)), ready)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(server.serve([bound]))
    return 0


class Options(argparse.Namespace):
    """The command line."""

    port: int
    log: Path | None
    pace: float


def _arguments() -> Options:
    parser = argparse.ArgumentParser("hive_demo", description="A scripted model behind the Messages API")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--log", type=Path, help="appends one JSON line per request")
    parser.add_argument("--pace", type=float, default=1.0, help="scales the pauses of the demo; 0 has none")
    return parser.parse_args(namespace=Options())


if __name__ == "__main__":
    sys.exit(main())
