"""`python -m hive_harness --settings FILE`: one agent's harness, until SIGTERM. `--claude-binary` goes before what the
settings say: where Claude Code lies is known by the container, the rest by who made the settings.

Exit codes: 0 after an ordered stop, 1 when its credentials were revoked or something failed, 2 for settings that
can't be used, 3 when a newer harness of the same agent has taken over (it is not to be started again).
"""

from hive_harness import lean as _lean  # isort: split

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import structlog
from hive_kit.bus import Bus
from hive_kit.logs import configure_logs
from hive_kit.notify import feed_watchdog, notify
from pydantic import ValidationError

from hive_harness.harness import opened
from hive_harness.mail import ReplacedError
from hive_harness.runtime.lock import SessionHeldError
from hive_harness.runtime.processes import adopt_orphans
from hive_harness.settings import Settings, load

log = structlog.get_logger()

del _lean
STOPPED, FAILED, BAD_SETTINGS, REPLACED = 0, 1, 2, 3
_LOCK_TRIES = 40
_LOCK_SECONDS = 0.25


def main() -> int:
    """Read the settings, run, and return the exit code."""
    parser = argparse.ArgumentParser(prog="hive_harness")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--claude-binary", type=Path)
    arguments = parser.parse_args()
    path: Path = arguments.settings
    claude: Path | None = arguments.claude_binary
    try:
        settings = load(path, claude)
    except (OSError, ValidationError) as error:
        sys.stderr.write(f"bad_settings: {path}: {error}\n")
        return BAD_SETTINGS
    configure_logs(f"harness-{settings.agent}", settings.log_level)
    adopt_orphans()
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    watchdog = asyncio.create_task(feed_watchdog(), name="watchdog")
    working = asyncio.create_task(_work(settings), name="harness")
    stop = asyncio.create_task(stopping.wait(), name="stop")
    await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
    notify("STOPPING=1")
    stop.cancel()
    if not working.done():
        working.cancel()
    try:
        return await working
    except asyncio.CancelledError:
        return STOPPED
    except ReplacedError as error:
        log.warning("replaced", error=str(error))
        return REPLACED
    except Exception:  # the program's edge
        log.exception("harness_failed")
        return FAILED
    finally:
        watchdog.cancel()


async def _work(settings: Settings) -> int:
    bus = await Bus.connect(settings.nats_url, settings.agent, settings.creds)
    try:
        for left in range(_LOCK_TRIES, -1, -1):
            try:
                return await _serve(settings, bus)
            except SessionHeldError:
                if not left:
                    raise
            await asyncio.sleep(_LOCK_SECONDS)  # the harness before this one may be on its way out
        return FAILED
    finally:
        await bus.close()


async def _serve(settings: Settings, bus: Bus) -> int:
    async with opened(settings, bus, adopts=True) as harness:
        running = asyncio.create_task(harness.run(), name="loop")
        closed = asyncio.create_task(bus.closed.wait(), name="revoked")
        notify("READY=1")
        log.info("ready", agent=settings.agent)
        try:
            await asyncio.wait({running, closed}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            log.error("credentials_revoked")
            return FAILED
        finally:
            closed.cancel()
            running.cancel()
            await asyncio.wait({running})


if __name__ == "__main__":
    sys.exit(main())
