"""One harness put together: what is opened in which order, what runs, and how it all stops."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from hive_kit.bus import Bus

from hive_harness.bus import AgentDoor
from hive_harness.configuration import claude_setup, problems
from hive_harness.http import OwnPort
from hive_harness.lean import import_without_packages
from hive_harness.live import Live
from hive_harness.login import Login
from hive_harness.mail import Mail
from hive_harness.prompts import role_text
from hive_harness.repositories import trusted_repositories
from hive_harness.runtime.claude import ClaudeRuntime
from hive_harness.runtime.files import write_git_config, write_mcp_config, write_private
from hive_harness.runtime.lock import SessionLock
from hive_harness.runtime.processes import ProcessTree
from hive_harness.session import Kept
from hive_harness.settings import Settings
from hive_harness.status import Status
from hive_harness.store import EventStore, open_store
from hive_harness.turns.driver import Driver
from hive_harness.turns.hearing import Hearing
from hive_harness.turns.loop import TurnLoop

log = structlog.get_logger()

_SWEEP_SECONDS = 3600.0


class Harness:
    """The parts of a running harness that others (its main program, tests) need to reach."""

    def __init__(self, settings: Settings, bus: Bus, store: EventStore | None, tree: ProcessTree) -> None:
        self.settings = settings
        self.live = Live(settings.agent, store, self._publish)
        self.status = Status(self.live)
        self._bus, self._store, self._tree = bus, store, tree
        self._stack = AsyncExitStack()
        kept = Kept(settings.state_dir)
        setup = self._setup = claude_setup(settings)
        self.login = Login(settings.secrets_dir, setup.config_dir)
        hearing = Hearing(self.live, self.status, kept)
        self.runtime = ClaudeRuntime(setup, tree, self.login.variables, hearing.hear, hearing.complain)
        driver = Driver(
            self.runtime, kept, self.status, self.live, self._prepare, settings.outage_delay_seconds, settings.model
        )
        self.mail = Mail(bus)
        self.loop = TurnLoop(
            settings, self.mail, self.runtime, driver, hearing, self.login, kept, self.status, self.live
        )
        self._tools_served = False
        self._serving = asyncio.Lock()
        self.status.update(session=kept.session, model=kept.model or settings.model)

    async def run(self) -> None:
        """Answer, and turn after turn, until cancelled or replaced (`ReplacedError`)."""
        async with self._stack:
            await self._open_history()
            for problem in problems(self.settings):
                self.live.note(problem, "warning")
            writing = asyncio.create_task(self.live.run(), name="live")
            self._stack.push_async_callback(_finish, self.live, writing)
            await self.runtime.kill()
            asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._tree.reap_orphans)
            service = self._door().service(self._bus)
            await service.start()
            self._stack.push_async_callback(service.stop)
            self._stack.push_async_callback(self.loop.close)
            self._bus.on_up.append(self.status.say)
            sweeping = asyncio.create_task(self._sweep_hourly(), name="sweep")
            self._stack.push_async_callback(_stopped, sweeping)
            await self.loop.run()

    def _door(self) -> AgentDoor:
        return AgentDoor(self.settings.agent, self.loop, self.status, self.live, self._prepare)

    async def _open_history(self) -> None:
        await self.live.open()
        if self._store is None:
            self.live.note("The event store could not be opened: what happens is shown, but not kept.", "warning")
            return
        count, last = await self._store.last_turn()
        if last is not None:
            self.status.update(
                turns=count,
                last_turn_seconds=last.seconds,
                ctx_tokens=last.ctx_tokens,
                ctx_limit=last.ctx_limit,
                cost_usd=last.session_cost_usd,
            )

    async def _publish(self, kind: str, payload: bytes) -> None:
        try:
            await self._bus.publish_live(self.settings.agent, kind, payload)
        except Exception as error:  # the bus's edge: a live event is only a view, history has it
            log.warning("live_not_published", error=str(error))

    async def _prepare(self) -> None:
        """Have everything in place that Claude Code finds at its start and in a turn."""
        self._trust_repositories()
        await self._serve_tools()

    def _trust_repositories(self) -> None:
        """Said anew before each turn and when a draft was made, since repositories come and go."""
        if self._setup.git_config is None:
            return
        try:
            write_git_config(self._setup.git_config, self.settings.agent, trusted_repositories(self.settings))
        except OSError as error:
            log.warning("git_config_not_written", error=str(error))

    async def _serve_tools(self) -> None:
        """Start the MCP server before Claude's first start; it stays for the harness's life."""
        async with self._serving:
            if not self._tools_served and self._setup.mcp_config is not None:
                await self._start_tools(self._setup.mcp_config)

    async def _start_tools(self, mcp_config: Path) -> None:
        import_without_packages()
        from hive_harness.mcp.server import ToolServer  # heavy: an agent that never woke needs none of it
        from hive_harness.mcp.tools import tools_for

        tools = tools_for(self.settings, self._bus, self.mail, lambda: self.loop.turn, self._trust_repositories)
        server = ToolServer(tools)
        endpoint = await server.start()
        self._stack.push_async_callback(server.stop)
        write_private(self._setup.prompt_file, role_text(self.settings))
        write_mcp_config(mcp_config, endpoint.url, endpoint.token, self._setup.mcp_servers)
        self._tools_served = True

    async def _sweep_hourly(self) -> None:
        while True:
            if self._store is not None:
                try:
                    removed = await self._store.sweep(datetime.now(UTC))
                except Exception as error:  # a background task's edge: the next hour tries again
                    log.warning("sweep_failed", error=str(error))
                else:
                    log.debug("swept", removed=removed)
            await asyncio.sleep(_SWEEP_SECONDS)


@asynccontextmanager
async def opened(settings: Settings, bus: Bus, adopts: bool) -> AsyncGenerator[Harness]:
    """A harness holding its session's lock, with its store and its own port open. Raises SessionHeldError, OSError."""
    async with AsyncExitStack() as stack:
        config_dir = settings.home_dir / ".claude"
        config_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = SessionLock(config_dir / ".hive-lock")
        lock.take()
        stack.callback(lock.release)
        store = await open_store(settings.store_dir)
        if store is not None:
            stack.push_async_callback(store.close)
        harness = Harness(settings, bus, store, ProcessTree(str(settings.state_dir), adopts))
        port = OwnPort(settings, lambda: harness.status.now)
        await port.start()
        stack.push_async_callback(port.stop)
        yield harness


async def _finish(live: Live, writing: "asyncio.Task[None]") -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(live.settled(), 3)
    await _stopped(writing)


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
