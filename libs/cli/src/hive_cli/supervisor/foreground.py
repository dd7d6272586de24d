"""The supervisor's whole life in one process: checks, set-up, the swarm's run, the signal that ends it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
from hive_kit.swarm import SwarmConfig

from hive_cli import setup
from hive_cli.problems import Problem
from hive_cli.setup import ports
from hive_cli.supervisor import record, sandbox
from hive_cli.supervisor.logs import rotate
from hive_cli.supervisor.swarm import Run
from hive_cli.supervisor.up import Options

Check = subprocess.Popen[bytes]
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: Options, check: Check | None, announce: Callable[[str], None]) -> None:
    """As `up.run`; `check` is the sandbox's, None when no sandbox is wanted."""
    state = Path(options.state).absolute()
    setup.check_folder(state)
    setup.refuse_foreign(setup.load(state))
    lock = record.take_lock(SwarmConfig(state=state))
    try:
        swarm = setup.prepare(state, _wishes(options, check))
        _log_to_file(swarm.log("supervisor"))
        record.end_leftovers(swarm)
        ports.refuse_busy(swarm)
        asyncio.run(_supervise(swarm, announce))
    finally:
        os.close(lock)


def _wishes(options: Options, check: Check | None) -> setup.Wishes:
    return setup.Wishes(
        dashboard_port=options.port,
        sandbox="required" if check is not None and _has_sandbox(check, options) else "unsafe",
        demo=options.demo,
        any_ports=options.any_ports,
    )


def _has_sandbox(check: Check, options: Options) -> bool:
    found = sandbox.result(check)
    if not found.works and sandbox.can_install():
        sandbox.install()
        found = sandbox.result(sandbox.begin_check())
    if found.works:
        return True
    if not options.demo:
        raise sandbox.refusal(found)
    sys.stderr.write(f"hive: no sandbox ({found.reason}): the demo's agents run as plain processes\n")
    return False


async def _supervise(swarm: SwarmConfig, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in END_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    run = Run(swarm)
    starting = asyncio.create_task(run.start())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            announce(starting.result())
            await stopped
    finally:
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, Problem):
            await starting
        stopped.cancel()
        await run.stop()


def _log_to_file(path: Path) -> None:
    rotate(path)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=path.open("a", encoding="utf-8")),
    )
