"""Real approvals as a process of its own, real repositories, a real nats-server; lifecycle is answered for here."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hive_kit.bus import Bus, Caller, Service
from hive_kit.stream import ensure_stream, follow, stream_start
from hive_kit.testing import ServiceProcess, TestNats, eventually, swarm_nats
from hive_wire import approvals as wire
from hive_wire import lifecycle
from hive_wire.approvals import Approval, ApprovalStatus, Decision
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, AgentView, ContainerState, DeployProgress, NameCheck
from hive_wire.model import Empty
from hive_wire.names import Role, is_free_for_agents, role_of


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "safe.directory=*", "-c", "user.name=m", "-c", "user.email=m@localhost"]
    done = subprocess.run([*command, "-C", str(folder), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Neighbour:
    """Lifecycle as approvals meets it."""

    agents: set[str] = field(default_factory=set[str])
    folders: set[str] = field(default_factory=set[str])
    """State folders of drafts."""
    tombstones: set[str] = field(default_factory=set[str])
    asked: list[NameCheck] = field(default_factory=list[NameCheck])

    async def check_name(self, _caller: Caller, request: NameCheck) -> Empty:
        self.asked.append(request)
        if not is_free_for_agents(request.name):
            raise Refusal(ErrorCode.BAD_NAME, "no name for an agent", name=request.name)
        if request.revives and request.name not in self.tombstones:
            raise Refusal(ErrorCode.UNKNOWN_TOMBSTONE, "nothing is kept", name=request.name)
        taken = self.folders - ({request.name} if request.draft else set[str]())
        if request.name in self.agents | taken | (set[str]() if request.revives else self.tombstones):
            raise Refusal(ErrorCode.NAME_TAKEN, "taken", name=request.name)
        return Empty()

    async def status(self, _caller: Caller, request: AgentName) -> AgentView:
        if request.name not in self.agents:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, f"there is no agent {request.name}")
        now = datetime.now(UTC)
        return AgentView(
            name=request.name,
            role=role_of(request.name),
            container=ContainerState.RUNNING,
            container_since=now,
            wanted=True,
            port=20_000,
            created_at=now,
        )

    async def make_draft(self, _caller: Caller, request: AgentName) -> Empty:
        if request.name in self.agents | self.tombstones:
            raise Refusal(ErrorCode.NAME_TAKEN, "an agent has it, or had it")
        self.folders.add(request.name)
        return Empty()

    async def drop_draft(self, _caller: Caller, request: AgentName) -> Empty:
        self.folders.discard(request.name)
        return Empty()

    async def answer(self, bus: Bus) -> None:
        service = Service(bus, "lifecycle", "1.0.0", "stands in")
        service.add(lifecycle.CHECK_NAME, self.check_name)
        service.add(lifecycle.STATUS, self.status)
        service.add(lifecycle.MAKE_DRAFT, self.make_draft)
        service.add(lifecycle.DROP_DRAFT, self.drop_draft)
        await service.start()


@dataclass
class Desk:
    """The service, those who talk to it, and what it told: (event's last words, payload)."""

    nats: TestNats
    service: ServiceProcess
    neighbour: Neighbour
    operator: Bus
    manager: Bus
    lifecycle: Bus
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    keys: int = 0
    told: int = 0

    @property
    def config(self) -> Path:
        return self.nats.folder / "config"

    def applied(self, agent: str) -> Path:
        return self.config / "applied" / agent

    def proposed(self, agent: str) -> Path:
        return self.config / "proposed" / agent

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    def git(self, folder: Path, *words: str) -> str:
        return git(folder, *words)

    def refs(self, agent: str) -> set[str]:
        """The short names of all refs of the applied repository."""
        return set(git(self.applied(agent), "for-each-ref", "--format=%(refname:lstrip=2)").split())

    def at(self, agent: str, ref: str = "main") -> str:
        return git(self.applied(agent), "rev-parse", f"{ref}^{{commit}}")

    def tag_text(self, agent: str, tag: str) -> str:
        return git(self.applied(agent), "tag", "-l", "--format=%(contents)", tag)

    def commit(self, agent: str, on: str | None = None, **files: str) -> str:
        """A new commit of the proposed repository, as the manager makes it; `toml` is agent.toml, `nix` agent.nix."""
        folder = self.proposed(agent)
        git(folder, "checkout", "-q", "--detach", on or "HEAD")
        for name, text in files.items():
            path = {"toml": "agent.toml", "nix": "agent.nix", "flake": "flake.nix"}.get(name, name)
            (folder / path).write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", "change")
        return git(folder, "rev-parse", "HEAD")

    async def agent(self, name: str) -> str:
        """An agent that the operator spawned; returns its deployed commit."""
        self.neighbour.agents.add(name)
        request = wire.SeedRequest(agent=name, role=Role.AGENT, requested_by="operator")
        return (await self.lifecycle.call(wire.SEED_REPOS, request)).commit

    async def spawn(self, name: str, description: str = "", key: str | None = None) -> Approval:
        request = wire.SpawnRequest(name=name, description=description, key=key or self.key())
        return await self.manager.call(wire.REQUEST_SPAWN, request)

    async def destroyed(self, name: str) -> str:
        """An agent that was spawned, had a change deployed and was destroyed; returns its deployed commit."""
        await self.agent(name)
        commit = self.commit(name, toml='model = "opus"\n')
        await self.deployed(await self.propose(name, commit))
        self.neighbour.agents.discard(name)
        self.neighbour.tombstones.add(name)
        await self.tell(lifecycle.REMOVED, AgentName(name=name))
        return commit

    async def revive(self, name: str, key: str | None = None) -> Approval:
        request = wire.SpawnRequest(name=name, description="again", key=key or self.key())
        return await self.manager.call(wire.REVIVE, request)

    async def spawn_commit(self, name: str, commit: str) -> Approval:
        request = wire.SpawnCommitRequest(name=name, commit=commit, key=self.key())
        return await self.manager.call(wire.REQUEST_SPAWN_COMMIT, request)

    async def draft(self, name: str) -> wire.Draft:
        return await self.manager.call(wire.REQUEST_SPAWN_DRAFT, wire.DraftRequest(name=name, key=self.key()))

    async def propose(self, agent: str, commit: str, description: str = "", key: str | None = None) -> Approval:
        request = wire.ApplyCommitRequest(agent=agent, commit=commit, description=description, key=key or self.key())
        return await self.manager.call(wire.REQUEST_APPLY_COMMIT, request)

    async def shown(self, number: int) -> wire.DiffPage:
        return await self.operator.call(wire.DIFF, wire.DiffRequest(id=number))

    async def decide(
        self, decision: Decision, *numbers: int, reason: str | None = None, by: Bus | None = None
    ) -> list[wire.DecisionResult]:
        """Decide on what is shown now."""
        items = [wire.DecisionItem(id=n, hash=(await self.shown(n)).hash) for n in numbers]
        request = wire.DecideRequest(decision=decision, items=items, reason=reason)
        return (await (by or self.operator).call(wire.DECIDE, request)).results

    async def approve(self, *numbers: int) -> list[wire.DecisionResult]:
        return await self.decide(Decision.APPROVE, *numbers)

    async def deny(self, *numbers: int, reason: str | None = None) -> list[wire.DecisionResult]:
        return await self.decide(Decision.DENY, *numbers, reason=reason)

    async def view(self, number: int) -> Approval:
        return await self.operator.call_persistently(wire.APPROVAL, wire.ApprovalId(id=number), timeout=2)

    async def until(self, number: int, status: ApprovalStatus) -> Approval:
        return await eventually(lambda: self.view(number), lambda a: a.status is status)

    async def drafts(self) -> list[wire.Draft]:
        return (await self.operator.call(wire.DRAFTS, Empty())).drafts

    async def tell(self, event: Any, payload: Any, event_id: str | None = None) -> None:  # Any: one of lifecycle's
        """Lifecycle tells something."""
        self.told += 1
        headers = {"Nats-Msg-Id": event_id or f"lifecycle:test:{self.told}"}
        ack = await self.lifecycle.nats.request(
            event.subject, payload.model_dump_json().encode(), timeout=5, headers=headers
        )
        assert "error" not in json.loads(ack.data)

    async def started(self, approval: Approval) -> None:
        progress = DeployProgress(approval=approval.id, agent=approval.agent, commit=approval.commit)
        await self.tell(lifecycle.DEPLOY_STARTED, progress)

    async def finished(self, approval: Approval, error: str | None = None, notes: list[str] | None = None) -> None:
        progress = DeployProgress(
            approval=approval.id,
            agent=approval.agent,
            commit=approval.commit,
            ok=error is None,
            error=error,
            notes=notes or [],
        )
        await self.tell(lifecycle.DEPLOY_FINISHED, progress)

    async def deployed(self, approval: Approval) -> Approval:
        """Approve and carry out."""
        results = await self.approve(approval.id)
        assert [r.ok for r in results] == [True], results
        await self.event("approval.approved", approval.id)
        await self.started(approval)
        await self.finished(approval)
        return await self.until(approval.id, ApprovalStatus.DEPLOYED)

    def of(self, number: int) -> list[str]:
        """The events told of an approval so far, in order."""
        return [name for name, payload in self.events if payload.get("approval", {}).get("id") == number]

    async def event(self, name: str, number: int) -> dict[str, Any]:
        """The event of that name of that approval, once it was told."""

        async def look() -> dict[str, Any] | None:
            found = (p for n, p in self.events if n == name and p.get("approval", {}).get("id") == number)
            return next(found, None)

        seen = await eventually(look)
        assert seen is not None
        return seen

    async def refs_are(self, agent: str, *refs: str) -> None:
        """The refs of the applied repository, once they are these beside main and deployed/0."""
        wanted = {"main", "deployed/0", *refs}

        async def look() -> set[str]:
            return self.refs(agent)

        await eventually(look, lambda seen: seen == wanted)

    async def refusal(self, call: Awaitable[Any]) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await call
        return caught.value

    def configure(self, **settings: str) -> None:
        """What the service is told beside the usual when it starts next."""
        told = {**self.nats.settings("approvals"), **settings}
        self.service = ServiceProcess("hive_approvals", told, self.nats.folder)

    async def start(self, fault: str | None = None) -> None:
        await self.service.start(**({"HIVE_FAULT_POINT": fault} if fault else {}))

    async def dies(self, doing: Awaitable[Any] | None = None) -> None:
        """Whatever is being done ends with the service's death, as by `kill -9`."""
        task = asyncio.ensure_future(doing) if doing is not None else None
        assert await self.service.wait() == -9
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _listen(desk: Desk) -> None:
    """From the stream itself, which keeps one of each event."""
    prefix = "hive.evt.approvals."
    async for envelope in follow(desk.operator, await stream_start(desk.operator), f"{prefix}>"):
        desk.events.append((envelope.subject.removeprefix(prefix), json.loads(envelope.payload)))


@pytest.fixture
async def idle_desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    """A swarm whose approvals is not started yet."""
    async with swarm_nats(tmp_path / "nats") as nats:
        neighbour = Neighbour()
        service = ServiceProcess("hive_approvals", nats.settings("approvals"), nats.folder)
        buses = [await nats.bus(name) for name in ("operator", "manager", "lifecycle")]
        desk = Desk(nats, service, neighbour, *buses)
        await neighbour.answer(desk.lifecycle)
        await ensure_stream(desk.lifecycle)
        listening = asyncio.create_task(_listen(desk))
        yield desk
        desk.service.kill()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture
async def desk(idle_desk: Desk) -> Desk:
    """A swarm whose approvals answers."""
    await idle_desk.start()
    return idle_desk
