"""Real parts for these tests: a NATS server, the dashboard in this process, a browser's HTTP client; and in place of
the other services small ones that speak the wire."""

import asyncio
import json
import re
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hive_dashboard.__main__ import compose
from hive_dashboard.settings import DashboardSettings
from hive_kit.bus import Bus, Caller, Service
from hive_kit.host import Host
from hive_kit.stream import ensure_stream
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_wire import agent, approvals, broker, dashboard, lifecycle
from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.approvals import (
    FINAL,
    Approval,
    ApprovalChanged,
    ApprovalKind,
    ApprovalsSnapshot,
    ApprovalStatus,
    BrokenRow,
    Draft,
    DraftChanged,
    DraftName,
    Question,
    QuestionChanged,
    QuestionList,
    QuestionsRequest,
)
from hive_wire.broker import (
    BrokerSnapshot,
    Changed,
    InboxCounts,
    Message,
    MessageList,
    MessageState,
    Moved,
    Received,
    Reminder,
    ReminderChanged,
    ReminderCount,
    ReminderState,
)
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import (
    Accepted,
    AgentChanged,
    AgentList,
    AgentName,
    AgentView,
    Capabilities,
    ContainerState,
    LifecycleSnapshot,
)
from hive_wire.live import AgentState, AgentStatus, LiveEvent
from hive_wire.model import Empty, Wire
from hive_wire.names import is_free_for_agents, role_of
from hive_wire.verb import Event

SECONDS = 10.0
CAPABILITIES = Capabilities(runtime="test", sandboxed=True, separate_users=False, memory_limits=False, notes=[])


def now() -> datetime:
    return datetime.now(UTC)


class Emitter:
    """A service's own numbered events, published as the kit's relay does."""

    def __init__(self, bus: Bus, service: str) -> None:
        self.bus, self.service = bus, service
        self.store = "store1"
        self.n = 0

    async def emit(self, event: Event[Any], payload: Wire, n: int | None = None) -> None:
        self.n += n is None
        headers = {"Nats-Msg-Id": f"{self.service}:{self.store}:{self.n if n is None else n}"}
        reply = await self.bus.nats.request(
            event.subject, payload.model_dump_json().encode(), timeout=5, headers=headers
        )
        assert "error" not in json.loads(reply.data)


class TestBroker(Emitter):
    """Keeps messages in memory, answers what the page asks."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "broker")
        self.messages: dict[int, Message] = {}
        self.shown: list[int] = []
        self.reminders: dict[int, Reminder] = {}
        self.keys: dict[str, int] = {}
        self.snapshot_messages = 500

    async def start(self) -> None:
        self.answering = Service(self.bus, "broker", "0", "test")
        self.answering.add(broker.SNAPSHOT, self._snapshot)
        self.answering.add(broker.SEND, self._send)
        self.answering.add(broker.MARK_SHOWN, self._shown)
        self.answering.add(broker.MARK_HANDLED, self._handled)
        self.answering.add(broker.HISTORY, self._history)
        self.answering.add(broker.RECENT, self._recent)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    def counts(self, name: str) -> InboxCounts:
        mine = [m.state for m in self.messages.values() if m.recipient == name]
        states = (MessageState.PENDING, MessageState.IN_FLIGHT, MessageState.DEAD)
        pending, in_flight, dead = (mine.count(state) for state in states)
        return InboxCounts(name=name, pending=pending, in_flight=in_flight, dead=dead)

    async def add(self, sender: str, to: str, body: str) -> Message:
        number = len(self.messages) + 1
        message = Message(
            id=number, sender=sender, recipient=to, state=MessageState.PENDING, stored_at=now(), body=body
        )
        self.messages[number] = message
        await self.emit(broker.STORED, Received(message=message, counts=self.counts(to)))
        return message

    async def move(self, number: int, state: MessageState, event: Event[Any]) -> None:
        moved = self.messages[number] = self.messages[number].model_copy(update={"state": state})
        await self.emit(event, Moved(receipts=[moved], counts=self.counts(moved.recipient)))

    async def remind(
        self, owner: str, state: ReminderState = ReminderState.PENDING, number: int | None = None
    ) -> Reminder:
        """A reminder is set, or becomes something else."""
        events = {
            ReminderState.PENDING: broker.REMINDER_SET,
            ReminderState.FAILED: broker.REMINDER_FAILED,
            ReminderState.FIRED: broker.REMINDER_FIRED,
            ReminderState.CANCELLED: broker.REMINDER_CANCELLED,
        }
        number = number or len(self.reminders) + 1
        reminder = Reminder(
            id=number,
            owner=owner,
            message=f"reminder {number}",
            due=now(),
            created_at=now(),
            file_path=None,
            state=state,
        )
        self.reminders[number] = reminder
        await self.emit(events[state], ReminderChanged(reminder=reminder, open=self.open_reminders(owner)))
        return reminder

    def open_reminders(self, owner: str) -> int:
        return sum(r.owner == owner and r.state in ("pending", "failed") for r in self.reminders.values())

    async def _snapshot(self, _caller: Caller, _request: Empty) -> BrokerSnapshot:
        names = {m.recipient for m in self.messages.values()}
        owners = {reminder.owner for reminder in self.reminders.values()}
        return BrokerSnapshot(
            outbox_id=self.n,
            store=self.store,
            inboxes=[self.counts(name) for name in names],
            messages=list(self.messages.values())[-self.snapshot_messages :],
            more=False,
            reminders=[r for r in self.reminders.values() if r.state in ("pending", "failed")],
            reminder_counts=[ReminderCount(owner=owner, open=self.open_reminders(owner)) for owner in owners],
        )

    async def _send(self, caller: Caller, request: broker.SendRequest) -> broker.SendReply:
        if request.to == "nobody":
            raise Refusal(ErrorCode.UNKNOWN_RECIPIENT, "nobody is not here", known=["manager"])
        repeated = request.key in self.keys
        if not repeated:
            self.keys[request.key] = (await self.add(caller.principal, request.to, request.body)).id
        message = self.messages[self.keys[request.key]]
        return broker.SendReply(id=message.id, state=message.state, stored_at=message.stored_at, repeated=repeated)

    async def _shown(self, caller: Caller, request: broker.MessageIds) -> Changed:
        assert caller.principal == "operator"
        for number in request.ids:
            await self.move(number, MessageState.IN_FLIGHT, broker.DELIVERED)
        return Changed(changed=len(request.ids))

    async def _handled(self, _caller: Caller, request: broker.MessageIds) -> Changed:
        for number in request.ids:
            await self.move(number, MessageState.ACKED, broker.ACKED)
        return Changed(changed=len(request.ids))

    async def _history(self, _caller: Caller, request: broker.HistoryRequest) -> MessageList:
        found = [m for m in self.messages.values() if request.before is None or m.id < request.before]
        return MessageList(messages=found[-request.limit :], more=len(found) > request.limit)

    async def _recent(self, caller: Caller, request: broker.RecentRequest) -> MessageList:
        inbox, is_open = request.inbox or caller.principal, (MessageState.PENDING, MessageState.IN_FLIGHT)
        found = [m for m in self.messages.values() if m.recipient == inbox]
        found = [m for m in found if request.before is None or m.id < request.before]
        found = [m for m in found if not request.open or m.state in is_open]
        return MessageList(messages=found[-request.limit :], more=len(found) > request.limit)


class TestLifecycle(Emitter):
    """Keeps agents' views in memory."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "lifecycle")
        self.views: dict[str, AgentView] = {}

    async def start(self) -> None:
        self.answering = Service(self.bus, "lifecycle", "0", "test")
        self.answering.add(lifecycle.SNAPSHOT, self._snapshot)
        self.answering.add(lifecycle.AGENT_HISTORY, self._history)
        for verb in (lifecycle.START, lifecycle.STOP, lifecycle.KILL, lifecycle.RESTART):
            self.answering.add(verb, self._accept)
        self.answering.add(lifecycle.UPDATE, self._accept)
        self.answering.add(lifecycle.DESTROY, self._accept)
        self.answering.add(lifecycle.LIST, self._list)
        self.answering.add(lifecycle.STATUS, self._status)
        self.answering.add(lifecycle.CHECK_NAME, self._check_name)
        self.answering.add(lifecycle.MAKE_DRAFT, self._did)
        self.answering.add(lifecycle.DROP_DRAFT, self._did)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def put(self, name: str, container: ContainerState = ContainerState.RUNNING) -> None:
        self.views[name] = AgentView(
            name=name,
            role=role_of(name),
            container=container,
            container_since=now(),
            wanted=True,
            port=8100,
            created_at=now(),
        )
        await self.emit(lifecycle.CHANGED, AgentChanged(agent=self.views[name], conflicts=[]))

    async def remove(self, name: str) -> None:
        del self.views[name]
        await self.emit(lifecycle.REMOVED, AgentName(name=name))

    async def _snapshot(self, _caller: Caller, _request: Empty) -> LifecycleSnapshot:
        return LifecycleSnapshot(
            agents=list(self.views.values()),
            capabilities=CAPABILITIES,
            outbox_id=self.n,
            store=self.store,
            conflicts=[],
        )

    async def _accept(self, caller: Caller, request: AgentName) -> Accepted:
        assert caller.principal == "operator"
        if request.name not in self.views:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, "no such agent")
        return Accepted(action=1, agent=self.views[request.name])

    async def _list(self, _caller: Caller, _request: Empty) -> AgentList:
        return AgentList(agents=list(self.views.values()), capabilities=CAPABILITIES)

    async def _status(self, _caller: Caller, request: AgentName) -> AgentView:
        if request.name not in self.views:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, "no such agent")
        return self.views[request.name]

    async def _check_name(self, _caller: Caller, request: lifecycle.NameCheck) -> Empty:
        if request.name in self.views:
            raise Refusal(ErrorCode.NAME_TAKEN, f"{request.name} is there")
        if not is_free_for_agents(request.name):
            raise Refusal(ErrorCode.RESERVED_NAME, f"{request.name} can't be an agent's name")
        return Empty()

    async def _did(self, _caller: Caller, _request: AgentName) -> Empty:
        return Empty()

    async def _history(self, _caller: Caller, request: lifecycle.AgentHistoryRequest) -> LiveHistory:
        return LiveHistory(events=[live_row(request.name, 1)], more=False)


class TestApprovals(Emitter):
    """Keeps decisions in memory and tells of them as it is bidden."""

    __test__ = False

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "approvals")
        self.approvals: dict[int, Approval] = {}
        self.questions: dict[int, Question] = {}
        self.drafts: dict[str, Draft] = {}
        self.broken: list[BrokenRow] = []
        self.snapshot_questions = 500

    async def start(self) -> None:
        self.answering = Service(self.bus, "approvals", "0", "test")
        self.answering.add(approvals.SNAPSHOT, self._snapshot)
        self.answering.add(approvals.QUESTIONS, self._questions)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def put(
        self, event: Event[ApprovalChanged], status: ApprovalStatus = ApprovalStatus.PENDING, number: int = 1
    ) -> Approval:
        approval = Approval(
            id=number,
            kind=ApprovalKind.APPLY_COMMIT,
            agent="coder",
            status=status,
            commit="1" * 40,
            base="0" * 40,
            description="two\nlines",
            requested_by="manager",
            requested_at=now(),
            notes=[],
        )
        self.approvals[number] = approval
        await self.emit(event, ApprovalChanged(approval=approval))
        return approval

    async def ask(self, to: str = "operator", number: int = 1, **changes: Any) -> Question:
        asked = {"asker": "coder", "question": "Tea?", "options": ["yes", "no"], "multi": False}
        question = Question.model_validate(
            {"id": number, "to": to, "asked_at": now(), "deadline": None, **asked, **changes}
        )
        self.questions[number] = question
        event = approvals.ASKED if question.outcome is None else approvals.ANSWERED
        await self.emit(event, QuestionChanged(question=question))
        return question

    async def draft(self, name: str) -> None:
        self.drafts[name] = Draft(name=name, requested_by="manager", created_at=now(), start_commit="0" * 40)
        await self.emit(approvals.DRAFTED, DraftChanged(draft=self.drafts[name]))

    async def discard(self, name: str) -> None:
        del self.drafts[name]
        await self.emit(approvals.DRAFT_REMOVED, DraftName(name=name))

    async def _questions(self, _caller: Caller, request: QuestionsRequest) -> QuestionList:
        found = [q for q in self.questions.values() if q.outcome is None and q.to == request.to]
        found = [q for q in found if request.before is None or q.id < request.before]
        return QuestionList(questions=found[-request.limit :], broken=[], more=len(found) > request.limit)

    async def _snapshot(self, _caller: Caller, _request: Empty) -> ApprovalsSnapshot:
        questions = [question for question in self.questions.values() if question.outcome is None]
        return ApprovalsSnapshot(
            outbox_id=self.n,
            store=self.store,
            approvals=[approval for approval in self.approvals.values() if approval.status not in FINAL],
            resolved=sum(approval.status in FINAL for approval in self.approvals.values()),
            questions=questions[: self.snapshot_questions],
            questions_left_out=max(0, len(questions) - self.snapshot_questions),
            drafts=list(self.drafts.values()),
            broken=self.broken,
        )


class TestHarness:
    """One agent's harness: says how it is, and rows."""

    __test__ = False

    def __init__(self, bus: Bus, name: str) -> None:
        self.bus, self.name = bus, name
        self.n = 0
        self.status = AgentStatus(state=AgentState.IDLE, since=now())

    async def start(self) -> None:
        self.answering = Service(self.bus, "agent", "0", "test", agent=self.name)
        self.answering.add(agent.STATUS, self._status)
        self.answering.add(agent.HISTORY, self._history)
        self.answering.add(agent.CANCEL, self._status)
        await self.answering.start()

    async def stop(self) -> None:
        await self.answering.stop()

    async def say(self, kind: str, **data: Any) -> LiveEvent:
        self.n += 1
        event = live_row(self.name, self.n, kind, data)
        await self.bus.publish_live(self.name, kind, event.model_dump_json().encode())
        return event

    async def become(self, state: AgentState) -> None:
        self.status = AgentStatus(state=state, since=now())
        await self.say("state", **json.loads(self.status.model_dump_json()))

    async def _status(self, _caller: Caller, _request: Empty) -> AgentStatus:
        return self.status

    async def _history(self, _caller: Caller, request: LiveHistoryRequest) -> LiveHistory:
        return LiveHistory(events=[live_row(self.name, 7)], more=False)


def live_row(name: str, n: int, kind: str = "text", data: dict[str, Any] | None = None) -> LiveEvent:
    return LiveEvent(agent=name, epoch=1, n=n, at=now(), kind=kind, data=data or {"text": f"row {n}"})


@dataclass(frozen=True)
class PageEvent:
    """A server-sent event as a browser gets it."""

    kind: str
    id: str | None
    data: dict[str, Any]


class Page:
    """A browser's tab: a client with its own cookies, on the dashboard's address."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.client.get(path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return await self.client.post(path, json={} if body is None else body, **options)

    async def snapshot(self) -> dict[str, Any]:
        answer = await self.get("/api/snapshot")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def tile(self, name: str) -> dict[str, Any] | None:
        return next((tile for tile in (await self.snapshot())["agents"] if tile["name"] == name), None)

    @asynccontextmanager
    async def events(
        self, after: str, agent: str | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator["Events"]:
        query = {"after": after, **({"agent": agent} if agent else {})}
        async with self.client.stream("GET", "/api/events", params=query, headers=headers or {}) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            opened = Events(answer.aiter_lines())
            try:
                yield opened
            finally:
                await opened.close()


async def _parse(lines: AsyncIterator[str]) -> AsyncGenerator[PageEvent]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "event" in fields:
            yield PageEvent(fields["event"], fields.get("id"), json.loads(fields["data"]))
        fields = {}


class Events:
    """An open stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._events = _parse(lines)

    async def until(self, last: Callable[[PageEvent], bool]) -> list[PageEvent]:
        """Events up to and with the first that `last` holds for; pings left out."""
        taken: list[PageEvent] = []
        async with asyncio.timeout(SECONDS):
            async for event in self._events:
                if event.kind != "ping":
                    taken.append(event)
                    if last(event):
                        return taken
        raise AssertionError(f"the stream ended after {taken}")

    async def kind(self, kind: str) -> PageEvent:
        """The next event of a kind."""
        return (await self.until(lambda event: event.kind == kind))[-1]

    async def end(self) -> list[PageEvent]:
        """Everything until the server ends the stream."""
        async with asyncio.timeout(SECONDS):
            return [event async for event in self._events if event.kind != "ping"]

    async def ping(self) -> PageEvent:
        """The next ping."""
        async with asyncio.timeout(SECONDS):
            async for event in self._events:
                if event.kind == "ping":
                    return event
        raise AssertionError("the stream ended")

    async def close(self) -> None:
        await self._events.aclose()


class Dashboard:
    """The dashboard, running in this process on a free port."""

    def __init__(self, nats: TestNats, folder: Path, **settings: Any) -> None:
        self._nats = nats
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        common = {**nats.settings("dashboard"), "database": str(folder / "dashboard.db")}
        quick = {"ask_after_seconds": 0.2, "silent_after_seconds": 1.0, "probe_seconds": 0.2, "ping_seconds": 0.3}
        own = {"port": self.port, "operator_creds": str(nats.creds("operator")), **quick, **settings}
        self.settings_file = folder / "dashboard.json"
        self.settings_file.write_text(json.dumps({**common, **own}))
        self._stack: AsyncExitStack | None = None

    async def start(self) -> None:
        settings = DashboardSettings.load(self.settings_file)
        self._stack = AsyncExitStack()
        bus = await Bus.connect(settings.nats_url, "dashboard", settings.creds, 10)
        self._stack.push_async_callback(bus.close)
        self.host = Host(settings, bus, self._stack)
        await compose(self.host)

    async def stop(self) -> None:
        if self._stack is not None:
            await self._stack.aclose()
            self._stack = None
            assert not self.host.failed

    async def login_code(self) -> str:
        operator = await self._nats.bus("operator")
        made = await operator.call(dashboard.MAKE_LOGIN_CODE, Empty())
        found = re.fullmatch(rf"{re.escape(self.url)}/login#code=(.+)", made.address)
        assert found
        assert 500 < made.expires_at.timestamp() - time.time() <= 600
        return found[1]


@dataclass
class Visited:
    """A dashboard that browsers come to."""

    nats: TestNats
    lifecycle: TestLifecycle
    dashboard: Dashboard
    stack: AsyncExitStack

    async def visitor(self, **options: Any) -> Page:
        """A browser that is not logged in."""
        headers = {"origin": self.dashboard.url, "sec-fetch-site": "same-origin"}
        client = httpx2.AsyncClient(base_url=self.dashboard.url, headers=headers, timeout=SECONDS, **options)
        await self.stack.enter_async_context(client)
        return Page(client)

    async def page(self) -> Page:
        """A browser that is logged in."""
        page = await self.visitor()
        answer = await page.post("/api/login", {"code": await self.dashboard.login_code()})
        assert answer.status_code == 204, answer.text
        return page


@dataclass
class Swarm(Visited):
    """All of it, the other services in memory."""

    broker: TestBroker
    approvals: TestApprovals

    async def harness(self, name: str) -> TestHarness:
        """A running agent whose harness answers and is heard."""
        await self.lifecycle.put(name)
        harness = TestHarness(await self.nats.bus(name), name)
        await harness.start()
        return harness


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncGenerator[TestNats]:
    async with swarm_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def swarm(nats: TestNats, tmp_path: Path) -> AsyncGenerator[Swarm]:
    async with AsyncExitStack() as stack:
        mail = TestBroker(await nats.bus("broker"))
        await ensure_stream(mail.bus)
        await mail.start()
        agents = TestLifecycle(await nats.bus("lifecycle"))
        await agents.start()
        decisions = TestApprovals(await nats.bus("approvals"))
        await decisions.start()
        running = Dashboard(nats, tmp_path)
        await running.start()
        stack.push_async_callback(running.stop)
        yield Swarm(nats, agents, running, stack, mail, decisions)


@dataclass
class Deciding(Visited):
    """The dashboard with the real broker and the real approvals service; lifecycle in memory."""

    broker: ServiceProcess
    approvals: ServiceProcess
    folder: Path

    async def agent(self, name: str) -> None:
        """An agent with an inbox."""
        await self.lifecycle.put(name)
        await self.lifecycle.bus.call(broker.OPEN_INBOX, broker.InboxName(name=name))

    async def configured(self, name: str) -> None:
        """An agent with repositories, too."""
        await self.agent(name)
        request = approvals.SeedRequest(agent=name, role=role_of(name), requested_by="operator")
        await self.lifecycle.bus.call(approvals.SEED_REPOS, request)

    def commit(self, name: str, files: dict[str, str]) -> str:
        """Write files into an agent's proposed repository and commit them, as the manager does."""
        folder = self.folder / "config" / "proposed" / name
        for path, text in files.items():
            (folder / path).write_text(text)
        author = ("-c", "user.name=manager", "-c", "user.email=manager@localhost")
        for command in (("add", "-A"), (*author, "commit", "-qm", "a proposal")):
            subprocess.run(["git", "-C", str(folder), *command], check=True)
        return subprocess.check_output(["git", "-C", str(folder), "rev-parse", "HEAD"], text=True).strip()


@pytest.fixture
async def deciding(nats: TestNats, tmp_path: Path) -> AsyncGenerator[Deciding]:
    async with AsyncExitStack() as stack:
        agents = TestLifecycle(await nats.bus("lifecycle"))
        await ensure_stream(agents.bus)
        await agents.start()
        processes = [ServiceProcess(f"hive_{name}", nats.settings(name), tmp_path) for name in ("broker", "approvals")]
        for process in processes:
            stack.callback(process.kill)
            await process.start()
        running = Dashboard(nats, tmp_path)
        await running.start()
        stack.push_async_callback(running.stop)
        yield Deciding(nats, agents, running, stack, *processes, nats.folder)


@pytest.fixture
def when() -> Callable[..., Awaitable[Any]]:
    return eventually


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
