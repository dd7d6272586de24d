"""`hive down`: ends a running swarm through its supervisor, or what a killed supervisor left behind."""

import asyncio
import os
import signal

from hive_kit.swarm import SwarmConfig

from hive_cli import setup
from hive_cli.problems import Exit, Problem
from hive_cli.supervisor import record
from hive_cli.supervisor.swarm import stop_all_agents

SECONDS = 90.0


def down(swarm: SwarmConfig) -> bool:
    """Returns when nothing of the swarm runs any more, agents neither; whether anything did. Raises Problem."""
    setup.refuse_foreign(swarm)
    if record.is_running(swarm):
        _end(swarm)
        return True
    lock = record.take_lock(swarm)
    try:
        left = record.end_leftovers(swarm)
        asyncio.run(stop_all_agents(swarm))
        swarm.supervisor.unlink(missing_ok=True)
    finally:
        os.close(lock)
    return bool(left)


def _end(swarm: SwarmConfig) -> None:
    running = record.read(swarm.supervisor)
    if running is None:
        raise Problem(f"the supervisor of {swarm.state} has only begun; try again", "busy")
    running.supervisor.signal(signal.SIGTERM)
    if not running.supervisor.wait(SECONDS):
        text = f"the supervisor (pid {running.pid}) did not end within {SECONDS:g} s"
        raise Problem(text, "timeout", Exit.TIMEOUT)
