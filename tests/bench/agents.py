"""Real agents for the rows about waking and memory: harness, shim and sandbox as lifecycle starts them, woken by mail
of the operator, with the scripted model behind Claude Code; and Claude Code started by hand beside them."""

import asyncio
import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hive_demo.testing import RunningModel, script, scripted_model, step
from hive_harness.runtime.command import TOOLS, ClaudeSetup, bundled_binary, environment
from hive_kit.testing import eventually
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.runtimes import AgentSpec, LocalRuntime, find_sandbox, stop_all
from hive_wire import agent as verbs
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentState, AgentStatus
from hive_wire.model import Empty
from hive_wire.names import Role

from tests.bench.rig import Rig

PROMPT = script(step("All is well."), prompt="How are things?")
FIRST_UID = 59_001
_HARNESS = (sys.executable, "-m", "hive_harness")
_ROLE = "You are one of several agents."
_DEADLINE = 60.0


@dataclass
class Agent:
    """One agent that runs."""

    name: str
    rig: Rig
    model: RunningModel
    layout: Layout

    async def wake(self) -> float:
        """Send it a message; seconds from the broker's time of storing it to the request that the model gets."""
        before = self.model.ledger.count(self.name)
        request = wire.SendRequest(to=self.name, body=PROMPT, key=uuid.uuid4().hex)
        stored = await self.rig.operator.call(wire.SEND, request)
        await self.model.wait_for_requests(before + 1, _DEADLINE, self.name)
        arrived = datetime.fromisoformat(self.model.requests_of(self.name)[before].at)
        await eventually(lambda: self._message(stored.id), lambda m: m.state == wire.MessageState.ACKED, _DEADLINE)
        return (arrived - stored.stored_at).total_seconds()

    async def status(self) -> AgentStatus | None:
        """What its harness says; None when it does not answer."""
        try:
            return await self.rig.operator.call(verbs.STATUS, Empty(), agent=self.name, timeout=2)
        except Refusal as refusal:
            if refusal.code not in (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT):
                raise
            return None

    async def rests(self, *, awake: bool) -> None:
        """Wait until it has nothing to do, with Claude Code running or ended."""
        await eventually(self.status, lambda s: s is not None and s.state is AgentState.IDLE and s.awake is awake, 60)

    @property
    def mcp_config(self) -> Path:
        """The file that tells Claude Code of this harness's MCP server."""
        return self.layout.own(self.name) / "mcp.json"

    async def _message(self, number: int) -> wire.Message:
        return await self.rig.operator.call(wire.MESSAGE_STATUS, wire.MessageId(id=number))


@dataclass
class Colony:
    """Agents of one rig, started one after the other; all are ended with it."""

    rig: Rig
    model: RunningModel
    runtime: LocalRuntime
    layout: Layout
    root: Path
    sandboxed: bool
    started: list[Agent] = field(default_factory=list[Agent])

    async def start(self, name: str, hibernate_after: float) -> Agent:
        """An agent whose harness answers. `hibernate_after`: seconds until its idle Claude Code is ended."""
        uid = FIRST_UID + len(self.started) if self.runtime.capabilities().separate_users else None
        lifecycle = await self.rig.nats.bus("lifecycle")
        await lifecycle.call(wire.OPEN_INBOX, wire.InboxName(name=name))
        self.layout.proposed.joinpath(name).mkdir(parents=True)
        self.layout.applied.joinpath(name).mkdir(parents=True)
        self.layout.make(name, None if uid is None else Owner(uid, FIRST_UID - 1))
        self._write_run_folder(name, hibernate_after)
        mounts = self.layout.mounts(name, Role.AGENT)
        run = next(self.runtime.visible_path(mount) for mount in mounts if mount.target == "/run/hive")
        argv = (*_HARNESS, "--settings", f"{run}/settings.json")
        home = next(self.runtime.visible_path(mount) for mount in mounts if mount.target == "/home/agent")
        env = {"HOME": home, "LANG": "C.UTF-8"}
        spec = AgentSpec(name, argv, "/state", env, mounts, uid=uid)
        await self.runtime.install(spec, None, lambda _line: None)
        await self.runtime.start(name)
        agent = Agent(name, self.rig, self.model, self.layout)
        self.started.append(agent)
        await eventually(agent.status, lambda s: s is not None and s.state is AgentState.IDLE, _DEADLINE)
        return agent

    def shim(self, agent: Agent) -> int:
        """The process at the root of everything that runs for this agent."""
        return int(json.loads((self.root / agent.name / "run.json").read_text())["shim"])

    def _write_run_folder(self, name: str, hibernate_after: float) -> None:
        seen = {mount.target: self.runtime.visible_path(mount) for mount in self.layout.mounts(name, Role.AGENT)}
        settings = {
            "agent": name,
            "nats_url": self.rig.nats.url,
            "creds": f"{seen['/run/hive']}/agent.creds",
            "state_dir": seen["/state"],
            "home_dir": seen["/home/agent"],
            "store_dir": seen["/var/lib/hive"],
            "run_dir": seen["/run/hive/own"],
            "secrets_dir": f"{seen['/run/hive']}/secrets",
            "model_base_url": self.model.base_url(name),
            "idle_hibernate_seconds": hibernate_after,
        }
        self.layout.settings(name).write_text(json.dumps(settings))
        self.layout.creds(name).write_text(self.rig.nats.creds(name).read_text())
        (self.layout.secrets(name) / "anthropic-api-key").write_text("dummy\n")


@asynccontextmanager
async def colony(rig: Rig) -> AsyncGenerator[Colony]:
    """In the sandbox where the machine has one, as in production; as plain processes elsewhere."""
    check = find_sandbox()
    layout = Layout(rig.folder / "swarm")
    root = layout.state / "runtime"
    runtime = LocalRuntime(root, check.sandbox)
    layout.make_trees(FIRST_UID - 1 if runtime.capabilities().separate_users else None)
    async with scripted_model() as model:
        made = Colony(rig, model, runtime, layout, root, check.works)
        try:
            yield made
        finally:
            await stop_all(root, 2)


@dataclass
class ByHand:
    """`claude -p --continue` in a folder and a HOME of its own, with an agent's MCP server."""

    name: str
    folder: Path
    model: RunningModel
    mcp_config: Path

    async def begin(self) -> None:
        """The first conversation, which the others continue."""
        await self._run([])

    async def wake(self) -> float:
        """Seconds from starting it to the request that the model gets; returns when it has ended."""
        return await self._run(["--continue"])

    async def _run(self, how: list[str]) -> float:
        before = self.model.ledger.count(self.name)
        command = [
            str(bundled_binary()), "-p", *how, "--verbose", "--output-format", "stream-json",
            "--append-system-prompt", _ROLE, "--tools", ",".join(TOOLS), "--setting-sources=",
            "--strict-mcp-config", "--mcp-config", str(self.mcp_config), "--dangerously-skip-permissions",
        ]  # fmt: skip
        began = datetime.now(UTC)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self._environment(),
        )
        try:
            await asyncio.wait_for(process.communicate(PROMPT.encode()), _DEADLINE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert process.returncode == 0, f"claude -p ended with {process.returncode}"
        arrived = datetime.fromisoformat(self.model.requests_of(self.name)[before].at)
        return (arrived - began).total_seconds()

    def _environment(self) -> dict[str, str]:
        setup = ClaudeSetup(bundled_binary(), self.folder, self.folder, _ROLE, base_url=self.model.base_url(self.name))
        return environment(setup, {"ANTHROPIC_API_KEY": "dummy"})


def by_hand(colony: Colony, agent: Agent) -> ByHand:
    """Claude Code beside `agent`, using its MCP server: the agent must have been awake once."""
    folder = colony.rig.folder / "by-hand" / agent.name
    folder.mkdir(parents=True)
    return ByHand(f"hand-{agent.name}", folder, colony.model, agent.mcp_config)
