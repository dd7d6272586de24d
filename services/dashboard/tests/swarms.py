"""Swarms for tests: the dashboard with other services, in memory or real."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from hive_kit.stream import ensure_stream
from hive_kit.testing import ServiceProcess, TestNats, swarm_nats
from hive_lifecycle.runtimes import stop_all
from hive_wire import approvals, broker
from hive_wire.names import role_of
from hive_wire.permissions import SigningRole

from services.dashboard.tests.browser import SECONDS, Page
from services.dashboard.tests.running import Dashboard
from services.dashboard.tests.stand_ins.approvals import TestApprovals
from services.dashboard.tests.stand_ins.broker import TestBroker
from services.dashboard.tests.stand_ins.harness import TestHarness
from services.dashboard.tests.stand_ins.lifecycle import TestLifecycle

HARNESS = (Path(__file__).parents[2] / "lifecycle" / "tests" / "stand_in_harness.py").read_text()


@dataclass
class Visited:
    """A dashboard that browsers come to."""

    nats: TestNats
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

    lifecycle: TestLifecycle
    broker: TestBroker
    approvals: TestApprovals

    async def harness(self, name: str) -> TestHarness:
        """A running agent whose harness answers and is heard."""
        await self.lifecycle.put(name)
        harness = TestHarness(await self.nats.bus(name), name)
        await harness.start()
        return harness


@dataclass
class Deciding(Visited):
    """The dashboard with the real broker and the real approvals service; lifecycle in memory."""

    lifecycle: TestLifecycle
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


def _living_services(nats: TestNats) -> list[tuple[str, str, dict[str, Any]]]:
    """Modules to run, whose names they go by, and their own settings."""
    lifecycle = {
        "runtime": {"kind": "local", "sandbox": "unsafe"},
        "agent_signing_key": str(nats.signing_key(SigningRole.AGENT)),
        "manager_signing_key": str(nats.signing_key(SigningRole.MANAGER)),
        "model_base_url": "http://127.0.0.1:9/{name}",
        "agent_command": [sys.executable, "-c", HARNESS],
        "grace_seconds": 5,
        "steady_seconds": 0.1,
    }
    revoker = {
        "operator_seed": str(nats.operator_seed),
        "system_creds": str(nats.folder / "creds" / "system.creds"),
        "account_state": str(nats.folder / "account.json"),
    }
    return [
        ("hive_broker", "broker", {}),
        ("hive_approvals", "approvals", {}),
        ("hive_lifecycle.revoker", "revoker", revoker),
        ("hive_lifecycle", "lifecycle", lifecycle),
    ]


@asynccontextmanager
async def living_swarm(folder: Path) -> AsyncIterator[Visited]:
    """The dashboard with every service real; agents are stand-ins without a sandbox."""
    async with AsyncExitStack() as stack:
        nats = await stack.enter_async_context(swarm_nats(folder))
        await ensure_stream(await nats.bus("lifecycle"))
        stack.push_async_callback(stop_all, folder / "runtime", 0)
        for module, service, own in _living_services(nats):
            process = ServiceProcess(module, nats.settings(service) | own, folder)
            stack.callback(process.kill)
            await process.start()
        running = Dashboard(nats, folder)
        await running.start()
        stack.push_async_callback(running.stop)
        yield Visited(nats, running, stack)
