"""Real approvals and a real broker as processes of their own on a real nats-server; lifecycle is answered for here."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hive_kit.bus import Bus, Caller, Service
from hive_kit.database import Database, migrate
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_wire import approvals as wire
from hive_wire import lifecycle
from hive_wire.approvals import AskRequest, Question, QuestionChanged, QuestionsRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentList, AgentName, AgentView, Capabilities, ContainerState
from hive_wire.model import Empty
from hive_wire.names import role_of

AGENTS = ("manager", "scout", "scribe", "loner")
_CAPABILITIES = Capabilities(runtime="local", sandboxed=True, separate_users=True, memory_limits=True, notes=[])


def _view(name: str) -> AgentView:
    now = datetime.now(UTC)
    running = ContainerState.RUNNING
    return AgentView(
        name=name, role=role_of(name), container=running, container_since=now, wanted=True, port=20_000, created_at=now
    )


async def _status(_caller: Caller, request: AgentName) -> AgentView:
    if request.name not in AGENTS:
        raise Refusal(ErrorCode.UNKNOWN_AGENT, f"there is no agent {request.name}")
    return _view(request.name)


async def _check_name(_caller: Caller, _request: lifecycle.NameCheck) -> Empty:
    return Empty()


async def _list(_caller: Caller, _request: Empty) -> AgentList:
    return AgentList(agents=[_view(name) for name in AGENTS], capabilities=_CAPABILITIES)


@dataclass
class Swarm:
    """The service, whoever talks to it, and what it told: (event's last words, question)."""

    nats: TestNats
    service: ServiceProcess
    lifecycle: Bus
    told: list[tuple[str, Question]] = field(default_factory=list[tuple[str, Question]])
    buses: dict[str, Bus] = field(default_factory=dict[str, Bus])
    keys: int = 0

    @property
    def database(self) -> Path:
        return self.nats.folder / "approvals.db"

    async def bus(self, name: str) -> Bus:
        if name not in self.buses:
            self.buses[name] = await self.nats.bus(name)
        return self.buses[name]

    async def ask(
        self, asker: str, question: str = "which colour?", key: str | None = None, **more: object
    ) -> Question:
        self.keys += 1
        request = AskRequest.model_validate({"question": question, "key": key or f"k{self.keys}", **more})
        return await (await self.bus(asker)).call(wire.ASK, request)

    async def answer(self, by: str, number: int, text: str = "", *options: str) -> Question:
        request = wire.AnswerRequest(id=number, text=text, options=list(options))
        return await (await self.bus(by)).call(wire.ANSWER, request)

    async def cancel(self, by: str, number: int) -> Question:
        return await (await self.bus(by)).call(wire.CANCEL_QUESTION, wire.QuestionId(id=number))

    async def hold(self, number: int) -> Question:
        return await (await self.bus("operator")).call(wire.HOLD_QUESTION, wire.QuestionId(id=number))

    async def listed(self, by: str, **how: object) -> wire.QuestionList:
        return await (await self.bus(by)).call(wire.QUESTIONS, QuestionsRequest.model_validate(how))

    async def question(self, number: int) -> Question:
        found = await self.listed("operator", open=False, before=number + 1, limit=1)
        assert [q.id for q in found.questions] == [number]
        return found.questions[0]

    async def ended(self, number: int) -> Question:
        return await eventually(lambda: self.question(number), lambda q: q.outcome is not None)

    async def refusal(self, call: object) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await call  # type: ignore[misc]
        return caught.value

    async def told_of(self, number: int, *, count: int) -> list[str]:
        """What was told of a question, once there are `count` events of it."""

        async def look() -> list[str]:
            return [what for what, question in self.told if question.id == number]

        return await eventually(look, lambda seen: len(seen) >= count)


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def neighbours(nats: TestNats) -> Bus:
    """Lifecycle, which knows the agents."""
    bus = await nats.bus("lifecycle")
    service = Service(bus, "lifecycle", "1.0.0", "stands in")
    service.add(lifecycle.STATUS, _status)
    service.add(lifecycle.LIST, _list)
    service.add(lifecycle.CHECK_NAME, _check_name)
    await service.start()
    return bus


@pytest.fixture
async def swarm(nats: TestNats, neighbours: Bus) -> AsyncGenerator[Swarm]:
    service = ServiceProcess("hive_approvals", nats.settings("approvals"), nats.folder)
    made = Swarm(nats, service, neighbours)

    def note(subject: str, payload: bytes) -> None:
        changed = QuestionChanged.model_validate(json.loads(payload))
        made.told.append((subject.rsplit(".", 1)[-1], changed.question))

    await (await made.bus("operator")).subscribe("hive.evt.approvals.question.*", note)
    await service.start()
    yield made
    service.kill()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    """Approvals' database without its service."""
    path = tmp_path / "approvals.db"
    migrate(path, "hive_approvals")
    opened = Database(path)
    yield opened
    opened.close()
