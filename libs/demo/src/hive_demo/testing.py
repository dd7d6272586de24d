"""For tests: the scripted model in a thread of this process, and builders for its scripts.

The thread has its own loop, so that a test that blocks does not block the model.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from hive_demo.http import application
from hive_demo.ledger import Ledger, Record
from hive_demo.model import ScriptedModel
from hive_demo.script import Script, Step, ToolCall, as_directive
from hive_demo.server import Server, loopback_socket, port_of
from hive_demo.turns import Turns

START_WITHIN = 10.0


@dataclass(frozen=True)
class RunningModel:
    """A scripted model that listens."""

    port: int
    turns: Turns
    ledger: Ledger
    loop: asyncio.AbstractEventLoop

    def base_url(self, agent: str) -> str:
        """What ANTHROPIC_BASE_URL is for this agent."""
        return f"http://127.0.0.1:{self.port}/agents/{agent}"

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/control"

    @property
    def requests(self) -> list[Record]:
        return self.requests_of(None)

    def requests_of(self, agent: str | None) -> list[Record]:
        return self.ledger.by_agent(agent)

    def body(self, number: int) -> bytes | None:
        """The raw body of a recent request, by its record's number."""
        return self.ledger.body(number)

    def set_script(self, agent: str, *scripts: Script) -> None:
        """One script for each of the agent's coming turns, in place of what waited; none clears the queue."""
        self.turns.queue(agent, scripts)

    async def wait_for_requests(self, count: int, timeout: float = 10, agent: str | None = None) -> list[Record]:
        """Waits until that many requests came in all. Raises TimeoutError, naming how many did."""
        if not await self._there(self.ledger.wait_for(count, timeout, agent)):
            raise TimeoutError(f"{self.ledger.count(agent)} of {count} requests came within {timeout} s")
        return self.requests_of(agent)

    async def wait_for_finished(self, count: int, timeout: float = 10) -> list[Record]:
        """Waits until that many requests were answered, refused, cut or left. Raises TimeoutError."""
        if not await self._there(self.ledger.wait_for_finished(count, timeout)):
            raise TimeoutError(f"not {count} requests came to an end within {timeout} s")
        return self.requests

    async def _there(self, waiting: Coroutine[Any, Any, bool]) -> bool:  # a coroutine sends and gets nothing here
        """Waits in the server's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(waiting, self.loop))


@asynccontextmanager
async def scripted_model(pace: float = 0) -> AsyncGenerator[RunningModel]:
    """Serves on a free loopback port until the block ends."""
    bound = loopback_socket(0)
    started: asyncio.Future[RunningModel] = asyncio.get_running_loop().create_future()
    here = asyncio.get_running_loop()
    servers: list[Server] = []

    async def serve() -> None:
        turns, ledger = Turns(), Ledger()
        running = RunningModel(port_of(bound), turns, ledger, asyncio.get_running_loop())

        def ready() -> None:
            here.call_soon_threadsafe(started.set_result, running)

        servers.append(Server(application(ScriptedModel(turns, pace), ledger), ready))
        await servers[0].serve([bound])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="scripted-model", daemon=True)
    thread.start()
    try:
        yield await asyncio.wait_for(started, START_WITHIN)
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.to_thread(thread.join)


def step(
    text: str | None = None,
    *tools: ToolCall,
    **rest: Any,  # the other fields of Step, which checks them
) -> Step:
    """One answer: `step("hello")`, `step("I look.", tool("Bash", command="ls"))`, `step(delay=1, text="late")`."""
    return Step(text=text, tools=list(tools), **rest)


def tool(name: str, /, **inputs: JsonValue) -> ToolCall:
    """A tool call: `tool("Bash", command="ls", description="List")`."""
    return ToolCall(name=name, input=inputs)


def steps(*steps: Step, final: str = "Done.", compaction: Step | None = None) -> Script:
    """A script for `set_script`."""
    return Script(steps=list(steps), final=final, compaction=compaction)


def script(*steps: Step, prompt: str = "", final: str = "Done.", compaction: Step | None = None) -> str:
    """A prompt that carries its script: the text, then the directive."""
    directive = as_directive(Script(steps=list(steps), final=final, compaction=compaction))
    return f"{prompt}\n{directive}" if prompt else directive
