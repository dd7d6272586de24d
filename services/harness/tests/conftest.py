"""What the tests of the harness share: captured runs of Claude Code, and a swarm with a real broker."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hive_demo.testing import RunningModel, scripted_model
from hive_harness.mail import Mail
from hive_harness.mcp.server import Endpoint, ToolServer
from hive_harness.mcp.tools import tools_for
from hive_harness.settings import Settings
from hive_harness.turns.turn import Turn
from hive_kit.bus import Bus
from hive_kit.testing import ServiceProcess, TestNats, eventually
from hive_wire import agent as agent_verbs
from hive_wire import broker, lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentState, AgentStatus, LiveEvent
from hive_wire.model import Empty
from hive_wire.permissions import SigningRole
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

TRANSCRIPTS = Path(__file__).parent / "transcripts"

Events = list[dict[str, Any]]


def read_transcript(name: str) -> Events:
    """The events of one captured run, control frames left out."""
    lines = (TRANSCRIPTS / f"{name}.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.strip()]
    return [event for event in events if not event.get("_control")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `transcript_name` runs once for each captured run."""
    if "transcript_name" in metafunc.fixturenames:
        names = sorted(path.stem for path in TRANSCRIPTS.glob("*.jsonl"))
        metafunc.parametrize("transcript_name", names)


@pytest.fixture
def transcript() -> Callable[[str], Events]:
    """Reads a captured run by its name."""
    return read_transcript


@dataclass
class Agent:
    """One agent of a test: its folders, its harness's process, and calls as the operator."""

    name: str
    folder: Path
    settings: dict[str, Any]
    operator: Bus
    model: RunningModel
    process: subprocess.Popen[bytes] | None = None
    heard: list[LiveEvent] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return (self.folder / "harness.log").read_text()

    def start(self, **more: Any) -> None:
        self.settings.update(more)
        file = self.folder / "settings.json"
        file.write_text(json.dumps(self.settings))
        with (self.folder / "harness.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hive_harness", "--settings", str(file)],
                stdout=log,
                stderr=log,
                env={**os.environ, "SECRET_OF_THE_HARNESS": "must-not-pass"},
            )

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        self.process = None
        return code

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    async def send(self, body: str) -> int:
        """Mail from the operator; returns its number."""
        request = broker.SendRequest(to=self.name, body=body, key=uuid.uuid4().hex)
        return (await self.operator.call_persistently(broker.SEND, request)).id

    async def message(self, number: int) -> broker.Message:
        return await self.operator.call_persistently(broker.MESSAGE_STATUS, broker.MessageId(id=number))

    async def becomes(self, number: int, state: str, seconds: float = 30) -> broker.Message:
        return await eventually(lambda: self.message(number), lambda message: message.state == state, seconds)

    async def operators_mail(self) -> list[broker.Message]:
        reply = await self.operator.call_persistently(broker.RECENT, broker.RecentRequest(limit=100))
        return [message for message in reply.messages if message.sender == self.name]

    async def status(self) -> AgentStatus | None:
        try:
            return await self.operator.call(agent_verbs.STATUS, Empty(), agent=self.name, timeout=2)
        except Refusal as refusal:
            assert refusal.code in (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT)
            return None

    async def reaches(self, state: AgentState, seconds: float = 30) -> AgentStatus:
        status = await eventually(self.status, lambda now: now is not None and now.state is state, seconds)
        assert status is not None
        return status

    async def ask(self, verb: Any, request: Any = None) -> Any:
        return await self.operator.call(verb, request or Empty(), agent=self.name)

    async def history(self, **page: Any) -> list[LiveEvent]:
        request = agent_verbs.LiveHistoryRequest(limit=2000, **page)
        return (await self.operator.call_persistently(agent_verbs.HISTORY, request, agent=self.name)).events

    async def rows(self, kind: str) -> list[LiveEvent]:
        return [event for event in await self.history() if event.kind == kind]

    def claude(self) -> list[int]:
        """The Claude Code processes of this agent."""
        return [pid for pid in self.processes() if b"--input-format" in _command(pid)]

    def processes(self) -> list[int]:
        """Every process that carries this agent's mark."""
        mark = f"HIVE_PROCESS_OF={self.state}".encode()
        return [pid for pid in _pids() if mark in _environment(pid)]

    def prompts(self) -> list[str]:
        """The texts of the user's side in the last request to the model."""
        record = self.model.requests_of(self.name)[-1]
        body = self.model.body(record.number)
        assert body is not None
        texts: list[str] = []
        for message in json.loads(body)["messages"]:
            content = message["content"]
            blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
            texts += [block["text"] for block in blocks if block["type"] == "text" and message["role"] == "user"]
        return texts


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


@dataclass
class Hive:
    """A nats-server and a broker, shared by the tests of a run."""

    nats: TestNats
    broker_settings: Path
    broker: subprocess.Popen[bytes] | None = None

    def start_broker(self) -> None:
        with (self.nats.folder / "broker.log").open("ab") as log:
            self.broker = subprocess.Popen(
                [sys.executable, "-m", "hive_broker", "--settings", str(self.broker_settings)], stdout=log, stderr=log
            )

    def kill_broker(self) -> None:
        assert self.broker is not None
        self.broker.kill()
        self.broker.wait()

    async def bus(self, principal: str) -> Bus:
        return await Bus.connect(self.nats.url, principal, self.nats.creds(principal), wait_seconds=10)


@pytest.fixture(scope="session")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hive]:
    """The shared swarm."""
    nats = TestNats(tmp_path_factory.mktemp("hive"))
    asyncio.run(nats.start())
    settings = nats.folder / "broker.json"
    settings.write_text(json.dumps({**nats.settings("broker"), "retry_base_seconds": 0.2}))
    hive = Hive(nats, settings)
    hive.start_broker()
    try:
        yield hive
    finally:
        hive.kill_broker()
        nats.kill()


@pytest.fixture
async def model() -> AsyncGenerator[RunningModel]:
    """The scripted model."""
    async with scripted_model() as running:
        yield running


@pytest.fixture
async def agent(hive: Hive, model: RunningModel, tmp_path: Path) -> AsyncGenerator[Agent]:
    """An agent of its own, not started yet, with a key that nobody checks."""
    async with an_agent(hive, model, tmp_path, f"a{uuid.uuid4().hex[:8]}") as made:
        yield made


@asynccontextmanager
async def an_agent(hive: Hive, model: RunningModel, folder: Path, name: str) -> AsyncGenerator[Agent]:
    """An agent's folders, settings and inbox; whatever it runs is ended."""
    for part in ("state", "home", "store", "run", "run/secrets"):
        (folder / part).mkdir(parents=True)
    (folder / "run/secrets/anthropic-api-key").write_text("dummy\n")
    settings = {
        "agent": name,
        "nats_url": hive.nats.url,
        "creds": str(hive.nats.creds(name)),
        "state_dir": str(folder / "state"),
        "home_dir": str(folder / "home"),
        "store_dir": str(folder / "store"),
        "run_dir": str(folder / "run"),
        "secrets_dir": str(folder / "run/secrets"),
        "model_base_url": model.base_url(name),
        "outage_delay_seconds": 0.2,
        "api_retries": 1,
    }
    operator, core = await hive.bus("operator"), await hive.bus("lifecycle")
    await core.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=name))
    made = Agent(name, folder, settings, operator, model)
    await operator.subscribe(
        f"hive.live.{name}.*", lambda _subject, data: made.heard.append(LiveEvent.model_validate_json(data))
    )
    try:
        yield made
    finally:
        if made.process is not None:
            made.kill()
        for pid in made.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await operator.close()
        await core.close()


@dataclass
class Gate:
    """Stands before the scripted model: answers with an error while `fault` gives one for a request."""

    model: RunningModel
    fault: Callable[[bytes], tuple[int, str, str] | None] = lambda _body: None
    port: int = 0

    def base_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/agents/{name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            fault = self.fault(head + body)
            if fault is not None:
                writer.write(_refusal(*fault))
            else:
                await self._forward(head, body, writer)
            await writer.drain()
        writer.close()

    async def _forward(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self.model.port)
        lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
        forth.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
        while chunk := await back.read(65536):
            writer.write(chunk)
            await writer.drain()
        forth.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _refusal(status: int, kind: str, message: str) -> bytes:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


@pytest.fixture
async def gate(model: RunningModel) -> AsyncGenerator[Gate]:
    """A gate that lets everything through until a test says otherwise."""
    made = Gate(model)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@dataclass
class Caller:
    """Somebody who calls the tools of one principal over MCP."""

    name: str
    endpoint: Endpoint
    mail: Mail
    operator: Bus
    turn: Turn | None = None

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncGenerator[Client]:
        headers = {"Authorization": f"Bearer {self.endpoint.token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(self.endpoint.url, http_client=http), **options) as client,
        ):
            yield client

    async def call(self, tool: str, **arguments: Any) -> Any:
        """The result of a tool."""
        async with self.client() as client:
            return await client.call_tool(tool, arguments)

    async def given(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured result of a tool that must not be refused."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        structured: dict[str, Any] = result.structured_content
        return structured

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The text of a refusal."""
        result = await self.call(tool, **arguments)
        assert result.is_error
        return text_of(result)

    async def message(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is wanted; others before it are passed by."""
        for _ in range(100):
            result = await self.call("recv", wait_seconds=20, max=1)
            messages = result.meta["hyperhive/result"]["messages"]
            assert messages, "it did not come"
            if wanted(messages[0]):
                return messages[0]
        raise AssertionError("it did not come")

    async def event(self, name: str, **facts: Any) -> dict[str, Any]:
        """The first helper event of that name with these facts."""

        def wanted(message: dict[str, Any]) -> bool:
            if message["kind"] != "system" or not message["body"].startswith("{"):
                return False
            event = json.loads(message["body"])
            return event["event"] == name and all(event[key] == value for key, value in facts.items())

        return json.loads((await self.message(wanted))["body"])

    async def receive_mail(self, body: str) -> int:
        request = broker.SendRequest(to=self.name, body=body, key=uuid.uuid4().hex)
        return (await self.operator.call(broker.SEND, request)).id


def text_of(result: Any) -> str:
    """The text of a tool's result."""
    return "\n".join(block.text for block in result.content)


@asynccontextmanager
async def a_caller(hive: Hive, name: str, **settings: Any) -> AsyncGenerator[Caller]:
    """The tools of `name`, served; `role` and `credentials_of` can differ from what belongs to the name."""
    principal = settings.pop("credentials_of", name)
    core, operator, own = await hive.bus("lifecycle"), await hive.bus("operator"), await hive.bus(principal)
    await core.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=principal))
    mail = Mail(own)
    await mail.begin()
    made: list[Caller] = []
    tools = tools_for(Settings(agent=name, **settings), own, mail, lambda: made[0].turn)
    server = ToolServer(tools)
    made.append(Caller(name, await server.start(), mail, operator, Turn(f"{mail.epoch}.1")))
    try:
        yield made[0]
    finally:
        await server.stop()
        for bus in (core, operator, own):
            await bus.close()


@dataclass
class Services:
    """The shared swarm with all its services; `manager`, `ann` and `bob` are there and stopped, `carl` runs."""

    hive: Hive
    started: list[ServiceProcess] = field(default_factory=list[ServiceProcess])

    @property
    def proposed(self) -> Path:
        return self.hive.nats.folder / "config/proposed"

    async def start(self) -> None:
        nats = self.hive.nats
        first = random.randrange(20_000, 50_000)
        own = {
            "runtime": {"kind": "local", "sandbox": "unsafe"},
            "agent_ports": {"manager": first - 1, "first": first, "last": first + 899},
            "agent_signing_key": str(nats.signing_key(SigningRole.AGENT)),
            "manager_signing_key": str(nats.signing_key(SigningRole.MANAGER)),
        }
        for module, settings in (
            ("hive_approvals", nats.settings("approvals")),
            ("hive_lifecycle", nats.settings("lifecycle") | own),
        ):
            service = ServiceProcess(module, settings, nats.folder)
            await service.start()
            self.started.append(service)
        operator = await self.hive.bus("operator")
        for name in ("ann", "bob", "carl"):
            await operator.call(lifecycle.SPAWN, lifecycle.AgentName(name=name))
        for name in ("manager", "ann", "bob", "carl"):
            await self.settled(operator, name, "running")
        for name in ("manager", "ann", "bob"):
            await eventually(lambda name=name: _stopped(operator, name), seconds=40)
        await operator.close()

    async def settled(self, operator: Bus, name: str, container: str) -> lifecycle.AgentView:
        """The view of an agent once nothing is being done to it and its container is so."""
        return await eventually(
            lambda: operator.call_persistently(lifecycle.STATUS, lifecycle.AgentName(name=name)),
            lambda view: view.transient is None and view.container == container,
            40,
        )

    async def stop(self) -> None:
        if len(self.started) == 2:
            operator = await self.hive.bus("operator")
            await operator.call(lifecycle.SUSPEND, Empty())
            await operator.close()
        for service in self.started:
            service.kill()


async def _stopped(operator: Bus, name: str) -> bool:
    try:
        accepted = await operator.call(lifecycle.STOP, lifecycle.AgentName(name=name))
    except Refusal as refusal:
        assert refusal.code is ErrorCode.ACTION_IN_FLIGHT
        return False
    return accepted.agent.container == "stopped" and accepted.agent.transient is None


@pytest.fixture
def calling(hive: Hive) -> Callable[..., AbstractAsyncContextManager[Caller]]:
    """Serves the tools of a principal: its name, then settings that differ from the defaults."""
    return partial(a_caller, hive)


@pytest.fixture(scope="session")
def services(hive: Hive) -> Generator[Services]:
    """The shared swarm with its other services."""
    services = Services(hive)
    try:
        asyncio.run(services.start())
        yield services
    finally:
        asyncio.run(services.stop())


@pytest.fixture
async def manager(services: Services) -> AsyncGenerator[Caller]:
    """The manager's tools."""
    async with a_caller(services.hive, "manager", role="manager") as caller:
        yield caller


@pytest.fixture
async def ann(services: Services) -> AsyncGenerator[Caller]:
    """An agent's tools."""
    async with a_caller(services.hive, "ann") as caller:
        yield caller


@pytest.fixture
async def bob(services: Services) -> AsyncGenerator[Caller]:
    """Another agent's tools."""
    async with a_caller(services.hive, "bob") as caller:
        yield caller
