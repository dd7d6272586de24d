"""Running one service: logs, signals, the connection, readiness, ordered shutdown.

What is started is stopped in reverse order. A background task that fails, or credentials that were revoked,
end the process: its supervisor starts it anew.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

import structlog
from hive_wire.errors import Refusal

from hive_kit.bus import Bus, Service
from hive_kit.database import Database, migrate
from hive_kit.logs import configure_logs
from hive_kit.metrics import serve_metrics
from hive_kit.notify import feed_watchdog, notify
from hive_kit.outbox import Relay
from hive_kit.settings import ServiceSettings
from hive_kit.stream import ensure_stream

log = structlog.get_logger()

S = TypeVar("S", bound=ServiceSettings)


class Host(Generic[S]):
    """What a service's composition root gets: its settings, its connection, and where to hang what it starts."""

    def __init__(self, settings: S, bus: Bus, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.bus = bus
        self.stack = stack
        self.stopping = asyncio.Event()
        self.failed = False

    async def open_database(self, package: str) -> Database:
        """Migrate and open the service's database; it is closed at the end."""
        await asyncio.to_thread(migrate, self.settings.database, package)
        database = Database(self.settings.database)
        self.stack.callback(database.close)
        return database

    async def relay_events(self, database: Database) -> None:
        """Make sure of the stream and publish the database's outbox from now on."""
        await ensure_stream(self.bus)
        self.background(Relay(database, self.bus, self.settings.service).run(), "relay")

    async def answer(self, service: Service) -> None:
        """Start answering; at the end, stop taking requests and let those in hand finish."""
        await service.start()
        self.stack.push_async_callback(service.stop)

    def background(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Run `work` until the end. If it fails, the service ends."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self.stack.push_async_callback(_cancel, task)
        return task

    def stop(self) -> None:
        """Begin the ordered shutdown."""
        self.stopping.set()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("background_failed", task=task.get_name(), exc_info=error)
            self.failed = True
            self.stop()


def run(
    settings: S,
    compose: Callable[[Host[S]], Awaitable[None]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    """Run a service until SIGTERM or SIGINT. `compose` opens and starts things, then returns.

    Exit codes: 0 after an ordered stop, 1 when something failed.
    """
    configure_logs(settings.service, settings.log_level)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        code = runner.run(_run(settings, compose))
    sys.exit(code)


async def _run(settings: S, compose: Callable[[Host[S]], Awaitable[None]]) -> int:
    async with AsyncExitStack() as stack:
        stopping = asyncio.Event()
        stack.push_async_callback(_cancel, asyncio.create_task(feed_watchdog(), name="watchdog"))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        try:
            connecting = asyncio.ensure_future(Bus.connect(settings.nats_url, settings.service, settings.creds))
            if not await _unless_stopped(connecting, stopping):
                return 0
            bus = connecting.result()
            stack.push_async_callback(bus.close)
            host = Host(settings, bus, stack)
            host.stopping = stopping
            serve_metrics(settings.metrics_port)
            composing = asyncio.ensure_future(compose(host))
            if not await _unless_stopped(composing, stopping):
                return 0
            composing.result()
        except Refusal as refusal:
            log.error("start_failed", code=refusal.code, error=refusal.message)
            return 1
        _settle_memory()
        notify("READY=1")
        log.info("ready")
        closed = asyncio.ensure_future(bus.closed.wait())
        await _unless_stopped(closed, stopping)
        notify("STOPPING=1")
        log.info("stopping", revoked=bus.closed.is_set())
        return 1 if host.failed or bus.closed.is_set() else 0


def _settle_memory() -> None:
    """What start-up left (modules, models, tables) is garbage now or stays for good: a full collection that walked
    through it would stop every request for tenths of a second."""
    gc.collect()
    gc.freeze()


async def _unless_stopped(work: "asyncio.Future[Any]", stopping: asyncio.Event) -> bool:  # Any: only its end counts
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not work.done():
        await _cancel(work)
        return False
    return True


async def _cancel(task: "asyncio.Future[Any]") -> None:  # Any: its result is not wanted
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
