"""A real lifecycle service in a process of its own, on a real NATS server, with real runtimes; the broker and
approvals are answered for in the test, the harness is a stand-in."""

import json
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pygit2
import pytest
import pytest_asyncio
from hive_kit.bus import Bus, Caller, Service
from hive_kit.stream import follow, stream_head, stream_start
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_lifecycle.runtimes import LocalRuntime, NixosRuntime, NixosSettings, Runtime, find_sandbox, stop_all
from hive_wire import approvals, broker, builds, lifecycle
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted, ActionEnded, AgentName, AgentView, ContainerState, DeployProgress
from hive_wire.model import Empty
from hive_wire.permissions import SigningRole

from services.lifecycle.tests.runtimes.double import NixosDouble

STAND_IN = (Path(__file__).parent / "stand_in_harness.py").read_text()
_AUTHOR = pygit2.Signature("hyperhive", "hyperhive@localhost", 1_700_000_000, 0)


def make_commit(folder: Path, number: int, branch: str, toml: str = "") -> str:
    """The commit of an approval, or the first one (0), in the agent's repository, on that branch; the same has the
    same id in every repository."""
    repository = pygit2.init_repository(str(folder), initial_head="main")
    files = repository.TreeBuilder()
    text = "{ }\n" if number == 0 else f"# {number}\n{{ }}\n"
    files.insert("agent.nix", repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB)
    if toml:
        files.insert("agent.toml", repository.create_blob(toml.encode()), pygit2.enums.FileMode.BLOB)
    parents = [make_commit(folder, 0, "main")] if number else []
    commit = repository.create_commit(None, _AUTHOR, _AUTHOR, f"{number}", files.write(), parents)
    repository.references.create(f"refs/heads/{branch}", commit, force=True)
    return str(commit)


@cache
def commit_of(number: int) -> str:
    """The whole id of an approval's commit; 0 is the first."""
    with tempfile.TemporaryDirectory() as folder:
        return make_commit(Path(folder), number, "any")


@dataclass
class Neighbours:
    """The broker and approvals as lifecycle meets them, and what they were asked."""

    state: Path
    inboxes: set[str] = field(default_factory=set[str])
    may_write_to: dict[str, list[str] | None] = field(default_factory=dict[str, list[str] | None])
    seeded: dict[str, str] = field(default_factory=dict[str, str])
    refuse_seeding: bool = False
    seeded_config: AgentConfig = field(default_factory=AgentConfig)

    async def open_inbox(self, _caller: Caller, request: broker.InboxName) -> Empty:
        self.inboxes.add(request.name)
        self.may_write_to[request.name] = request.may_write_to
        return Empty()

    async def close_inbox(self, _caller: Caller, request: broker.InboxName) -> Empty:
        self.inboxes.discard(request.name)
        return Empty()

    async def seed(self, _caller: Caller, request: approvals.SeedRequest) -> approvals.SeedReply:
        if self.refuse_seeding:
            raise Refusal(ErrorCode.INTERNAL, "the repositories could not be made")
        self.make_repos(request.agent)
        self.seeded[request.agent] = request.requested_by
        return approvals.SeedReply(commit=commit_of(0), approval=1, config=self.seeded_config)

    def make_repos(self, agent: str) -> None:
        """Both repositories, where they are missing."""
        for kind in ("proposed", "applied"):
            folder = self.state / "config" / kind / agent
            if not folder.exists():
                folder.mkdir(parents=True)
                make_commit(folder, 0, "main")
                (folder / "agent.nix").write_text("{ }\n")

    def applied(self, agent: str) -> Path:
        """The agent's applied repository."""
        return self.state / "config" / "applied" / agent

    async def remove(self, _caller: Caller, request: approvals.ReposRequest) -> Empty:
        for kind in ("proposed", "applied"):
            shutil.rmtree(self.state / "config" / kind / request.agent, ignore_errors=True)
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
    runtime: Runtime
    own: dict[str, Any]
    approvals: Bus
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    processes: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])
    double: NixosDouble | None = None
    """What stands in for NixOS, where that is the runtime."""
    commits: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def state(self) -> Path:
        return self.nats.folder

    async def start(self, fault: str | None = None) -> None:
        """Start lifecycle and wait until it answers; with a fault it will die there."""
        settings = {**self.nats.settings("lifecycle"), **self.own}
        await self._run("lifecycle", "hive_lifecycle", settings, {"HIVE_FAULT_POINT": fault} if fault else {})

    async def settle_in(self) -> None:
        """All is up, the manager too."""
        self.own |= {"turn_seconds": 2, "ready_seconds": 10}
        await self.start_revoker()
        await self.start()
        await self.until("manager", container=ContainerState.RUNNING, transient=None)

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
            for name, payload in self.events:
                if name != "action.printed" and payload.get("action") == accepted.action:
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

    async def approve(
        self,
        number: int,
        agent: str,
        config: dict[str, Any] | None = None,  # Any: as in `agent.toml`
        kind: ApprovalKind = ApprovalKind.APPLY_COMMIT,
        *,
        revives: bool = False,
        commit: str | None = None,
    ) -> None:
        """Release an approval to lifecycle, as approvals does. The commit is made of the number, and of the model that
        the configuration names, unless one is given."""
        now = datetime.now(UTC)
        model = (config or {}).get("model")
        self.commits[number] = commit_of(number)
        if commit is not None:
            self.commits[number] = commit
        elif self.neighbours.applied(agent).exists():
            toml = f'model = "{model}"\n' if model else ""
            self.commits[number] = make_commit(self.neighbours.applied(agent), number, f"build/{number}", toml)
        approval = approvals.Approval(
            id=number, kind=kind, agent=agent, status=approvals.ApprovalStatus.APPROVED, commit=self.commits[number],
            base=commit_of(0), description="", requested_by="manager", requested_at=now, notes=[],
            decided_by="operator", decided_at=now, revives=revives,
        )  # fmt: skip
        released = approvals.Approved(approval=approval, config=AgentConfig(), branch=f"build/{number}")
        payload = released.model_dump(mode="json") | {"config": config or {}}
        headers = {"Nats-Msg-Id": f"approvals:test:{number}"}
        reply = await self.approvals.nats.request(
            approvals.APPROVED.subject, json.dumps(payload).encode(), timeout=5, headers=headers
        )
        assert "error" not in json.loads(reply.data)

    def commit_id(self, number: int) -> str:
        """The whole id of an approval's commit, once it is released; 0 is the first one."""
        return self.commits[number] if number else commit_of(0)

    def commit(self, number: int) -> str:
        """The first 12 of it."""
        return self.commit_id(number)[:12]

    async def printed(self, accepted: Accepted) -> list[str]:
        """What an action printed."""
        page = await self.operator.call(builds.OUTPUT, builds.OutputRequest(action=accepted.action, limit=2000))
        return [line.text for line in page.lines]

    async def finished(self, number: int) -> DeployProgress:
        """How an approval ended, once it has."""

        async def look() -> DeployProgress | None:
            found = (p for n, p in self.events if n == "deploy.finished" and p["approval"] == number)
            return next(map(DeployProgress.model_validate, found), None)

        found = await eventually(look, seconds=40)
        assert found is not None
        return found

    async def in_stream(self, name: str) -> list[dict[str, Any]]:
        """The payloads of lifecycle's events of that name that the stream has."""
        head = await stream_head(self.operator)
        found: list[dict[str, Any]] = []
        async for envelope in follow(self.operator, await stream_start(self.operator)):
            if envelope.subject == f"hive.evt.lifecycle.{name}":
                found.append(json.loads(envelope.payload))
            if envelope.position.seq >= head.seq:
                break
        return found

    def work(self, name: str) -> Path:
        """The agent's state folder."""
        return self.state / "shared" / "agents" / name / "state"

    def report(self, name: str) -> dict[str, Any]:
        """What the harness wrote when it was last asked."""
        return json.loads((self.work(name) / "report.json").read_text())

    async def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        await stop_all(self.state / "runtime", 0)
        if self.double is not None:
            self.double.stop_all()

    async def _run(self, name: str, module: str, settings: dict[str, Any], more: dict[str, str]) -> None:
        self.processes[name] = ServiceProcess(module, settings, self.state)
        await self.processes[name].start(**more)


@asynccontextmanager
async def a_hive(folder: Path, sandbox: str, double: NixosDouble | None = None) -> AsyncGenerator[Hive]:
    async with swarm_nats(folder) as nats:
        own = {
            "runtime": {"kind": "local", "sandbox": sandbox} if double is None else double.settings,
            "locker": "plain",
            "agent_ports": {"manager": 8000, "first": 8100, "last": 8999},
            "agent_signing_key": str(nats.signing_key(SigningRole.AGENT)),
            "manager_signing_key": str(nats.signing_key(SigningRole.MANAGER)),
            "model_base_url": "http://127.0.0.1:9/{name}",
            "agent_command": [sys.executable, "-c", STAND_IN],
            "grace_seconds": 5,
            "steady_seconds": 0.2,
            "flake": f"path:{folder}/nowhere",
        }
        neighbours = Neighbours(folder)
        runtime: Runtime = LocalRuntime(folder / "runtime", None if sandbox == "unsafe" else find_sandbox().sandbox)
        if double is not None:
            runtime = NixosRuntime(folder / "nixos", NixosSettings.model_validate(double.nixos))
        deciding = await nats.bus("approvals")
        hive = Hive(nats, await nats.bus("operator"), neighbours, runtime, own, deciding, double=double)
        await neighbours.answer_broker(await nats.bus("broker"))
        await neighbours.answer_approvals(deciding)
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
async def nixos_hive(tmp_path: Path) -> AsyncGenerator[Hive]:
    """A swarm whose agents are containers of the double of NixOS, its lifecycle not started yet."""
    if reason := NixosDouble.missing():
        pytest.skip(reason)
    double = NixosDouble(tmp_path / "host", harness=[sys.executable, "-c", STAND_IN])
    async with a_hive(tmp_path / "swarm", "required", double) as hive:
        yield hive


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_hive(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Hive]:
    """As `hive`, for all tests of a module: they use different agents and numbers. Its manager is up."""
    async with a_hive(tmp_path_factory.mktemp("shared") / "swarm", "unsafe") as hive:
        await hive.settle_in()
        yield hive


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_nixos_hive(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Hive]:
    """As `nixos_hive`, for all tests of a module."""
    if reason := NixosDouble.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("shared")
    double = NixosDouble(folder / "host", harness=[sys.executable, "-c", STAND_IN])
    async with a_hive(folder / "swarm", "required", double) as hive:
        await hive.settle_in()
        yield hive


@pytest.fixture
async def idle_hive(hive: Hive) -> Hive:
    """A swarm whose lifecycle answers."""
    await hive.start()
    return hive
