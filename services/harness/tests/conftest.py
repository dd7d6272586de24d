"""What the tests of the harness share: captured runs of Claude Code, and a swarm with a real broker."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hive_demo.testing import RunningModel, scripted_model
from hive_kit.bus import Bus
from hive_kit.testing import TestNats, eventually
from hive_wire import agent as agent_verbs
from hive_wire import broker
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentState, AgentStatus, LiveEvent
from hive_wire.model import Empty

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
