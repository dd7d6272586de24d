"""A real lifecycle service in a process of its own, on a real NATS server, with real runtimes; the broker and
approvals are answered for in the test, the harness is a stand-in."""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hive_kit.bus import Bus, Caller, Service
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_lifecycle.runtimes import LocalRuntime, find_sandbox, stop_all
from hive_wire import approvals, broker, lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted, ActionEnded, AgentName, AgentView
from hive_wire.model import Empty
from hive_wire.permissions import SigningRole

STAND_IN = (Path(__file__).parent / "stand_in_harness.py").read_text()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Neighbours:
    """The broker and approvals as lifecycle meets them, and what they were asked."""

    state: Path
    inboxes: set[str] = field(default_factory=set[str])
    seeded: dict[str, str] = field(default_factory=dict[str, str])
    refuse_seeding: bool = False

    async def open_inbox(self, _caller: Caller, request: broker.InboxName) -> Empty:
        self.inboxes.add(request.name)
        return Empty()

    async def close_inbox(self, _caller: Caller, request: broker.InboxName) -> Empty:
        self.inboxes.discard(request.name)
        return Empty()

    async def seed(self, _caller: Caller, request: approvals.SeedRequest) -> approvals.SeedReply:
        if self.refuse_seeding:
            raise Refusal(ErrorCode.INTERNAL, "the repositories could not be made")
        for kind in ("proposed", "applied"):
            folder = self.state / "config" / kind / request.agent
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "agent.nix").write_text("{ }\n")
        self.seeded[request.agent] = request.requested_by
        return approvals.SeedReply(commit=COMMIT, approval=1)

    async def remove(self, _caller: Caller, request: approvals.ReposRequest) -> Empty:
        for kind in ("proposed", "applied"):
            folder = self.state / "config" / kind / request.agent
            for file in folder.glob("*"):
                file.unlink()
            if folder.exists():
                folder.rmdir()
        return Empty()

    async def answer_broker(self, bus: Bus) -> None:
        service = Service(bus, "broker", "1.0.0", "stands in")
        service.add(broker.OPEN_INBOX, self.open_inbox)
        service.add(broker.CLOSE_INBOX, self.close_inbox)
        await service.start()

    async def answer_approvals(self, bus: Bus) -> None:
        service = Service(bus, "approvals", "1.0.0", "stands in")
        service.add(approvals.SEED_REPOS, self.seed)
        service.add(approvals.REMOVE_REPOS, self.remove)
        await service.start()


@dataclass
class Hive:
    """A swarm with its processes. `events` are lifecycle's, as (name, payload)."""

    nats: TestNats
    operator: Bus
    neighbours: Neighbours
    runtime: LocalRuntime
    own: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    processes: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])

    @property
    def state(self) -> Path:
        return self.nats.folder

    async def start(self, fault: str | None = None) -> None:
        """Start lifecycle and wait until it answers; with a fault it will die there."""
        settings = {**self.nats.settings("lifecycle"), **self.own}
        await self._run("lifecycle", "hive_lifecycle", settings, {"HIVE_FAULT_POINT": fault} if fault else {})

    async def start_revoker(self) -> None:
        settings = self.nats.settings("revoker") | {
            "operator_seed": str(self.nats.operator_seed),
            "system_creds": str(self.state / "creds" / "system.creds"),
            "account_state": str(self.state / "account.json"),
        }
        await self._run("revoker", "hive_lifecycle.revoker", settings, {})

    def kill(self) -> None:
        """`kill -9` of the service."""
        self.processes["lifecycle"].kill()

    async def terminate(self, name: str = "lifecycle") -> int:
        return await self.processes[name].terminate()

    async def died(self) -> int:
        return await self.processes["lifecycle"].wait()

    async def spawn(self, name: str) -> Accepted:
        return await self.operator.call(lifecycle.SPAWN, AgentName(name=name))

    async def spawned(self, name: str) -> AgentView:
        """A new agent, once it runs."""
        return await self.done(await self.spawn(name))

    async def do(self, verb: Any, name: str) -> Accepted:  # Any: any verb of one agent
        return await self.operator.call(verb, verb.request(name=name))

    async def done(self, accepted: Accepted) -> AgentView:
        """The agent once the action has ended, which must have gone well."""
        ended = await self.ended(accepted)
        assert ended.ok, ended.error
        return await self.view(accepted.agent.name)

    async def ended(self, accepted: Accepted) -> ActionEnded:
        async def look() -> ActionEnded | None:
            for _, payload in self.events:
                if payload.get("action") == accepted.action:
                    return ActionEnded.model_validate(payload)
            return None

        found = await eventually(look, seconds=40)
        assert found is not None
        return found

    async def view(self, name: str) -> AgentView:
        return await self.operator.call_persistently(lifecycle.STATUS, AgentName(name=name), timeout=2)

    async def until(self, name: str, **wanted: Any) -> AgentView:  # Any: fields of the view
        """The view once it has these values."""

        def has_come(view: AgentView) -> bool:
            return all(getattr(view, key) == value for key, value in wanted.items())

        return await eventually(lambda: self.view(name), has_come, seconds=40)

    async def event(self, name: str, agent: str) -> dict[str, Any]:
        """The first event of that name about that agent, once it has come."""

        async def look() -> dict[str, Any] | None:
            found = (p for n, p in self.events if n == name and agent in (p.get("agent"), p.get("name")))
            return next(found, None)

        found = await eventually(look, seconds=20)
        assert found is not None
        return found

    def report(self, name: str) -> dict[str, Any]:
        """What the harness wrote when it was last asked."""
        return json.loads((self.state / "shared" / "agents" / name / "state" / "report.json").read_text())

    async def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        await stop_all(self.state / "runtime", 0)

    async def _run(self, name: str, module: str, settings: dict[str, Any], more: dict[str, str]) -> None:
        self.processes[name] = ServiceProcess(module, settings, self.state)
        await self.processes[name].start(**more)


@asynccontextmanager
async def a_hive(folder: Path, sandbox: str) -> AsyncGenerator[Hive]:
    async with swarm_nats(folder) as nats:
        own = {
            "runtime": {"kind": "local", "sandbox": sandbox},
            "agent_ports": {"manager": 8000, "first": 8100, "last": 8999},
            "agent_signing_key": str(nats.signing_key(SigningRole.AGENT)),
            "manager_signing_key": str(nats.signing_key(SigningRole.MANAGER)),
            "model_base_url": "http://127.0.0.1:9/{name}",
            "agent_command": [sys.executable, "-c", STAND_IN],
            "grace_seconds": 5,
        }
        neighbours = Neighbours(folder)
        runtime = LocalRuntime(folder / "runtime", None if sandbox == "unsafe" else find_sandbox().sandbox)
        hive = Hive(nats, await nats.bus("operator"), neighbours, runtime, own)
        await neighbours.answer_broker(await nats.bus("broker"))
        await neighbours.answer_approvals(await nats.bus("approvals"))
        prefix = "hive.evt.lifecycle."

        def note(subject: str, payload: bytes) -> None:
            hive.events.append((subject.removeprefix(prefix), json.loads(payload)))

        await hive.operator.subscribe(f"{prefix}>", note)
        try:
            yield hive
        finally:
            await hive.close()


@pytest.fixture
async def hive(tmp_path: Path) -> AsyncGenerator[Hive]:
    """A swarm without a sandbox, its lifecycle not started yet."""
    async with a_hive(tmp_path / "swarm", "unsafe") as hive:
        yield hive


@pytest.fixture
async def walled_hive(tmp_path: Path) -> AsyncGenerator[Hive]:
    """A swarm whose agents are sandboxed, its lifecycle not started yet."""
    check = find_sandbox()
    if not check.works:
        pytest.skip(f"no sandbox here: {check.reason}; try: {check.command}")
    async with a_hive(tmp_path / "swarm", "required") as hive:
        yield hive


@pytest.fixture
async def idle_hive(hive: Hive) -> Hive:
    """A swarm whose lifecycle answers."""
    await hive.start()
    return hive
