"""What a harness is started with: its settings file, its command, environment and limits; and whether it answers."""

import asyncio
import json
from dataclasses import dataclass

from hive_kit.bus import Bus
from hive_wire import agent as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentStatus
from hive_wire.model import Empty

from hive_lifecycle import layout as places
from hive_lifecycle.agents import Agent
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.runtimes import AgentSpec, Mount, Runtime, RuntimeStatus, StartFailed
from hive_lifecycle.settings import LifecycleSettings

_ANSWER_SECONDS = 1.0
_FIRST_DELAY, _LAST_DELAY = 0.05, 0.5
_NOT_YET = {ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.TIMEOUT, ErrorCode.BUSY}


@dataclass(frozen=True)
class HarnessPlan:
    """How harnesses of this swarm are started."""

    settings: LifecycleSettings
    layout: Layout
    runtime: Runtime

    def spec(self, agent: Agent, owner: Owner | None) -> AgentSpec:
        """The container of one agent."""
        mounts = self.layout.mounts(agent.name, agent.role)
        home = self._seen(mounts, places.HOME)
        run = self._seen(mounts, places.RUN)
        return AgentSpec(
            name=agent.name,
            argv=(*self.settings.agent_command, "--settings", f"{run}/settings.json"),
            working_directory=places.STATE,
            env={"HOME": home, "CLAUDE_CONFIG_DIR": f"{home}/.claude", "LANG": "C.UTF-8"},
            mounts=mounts,
            memory_bytes=self.settings.memory_bytes,
            max_processes=self.settings.max_processes,
            uid=None if owner is None else owner.uid,
            groups=() if owner is None else (owner.group,),
        )

    def settings_file(self, agent: Agent) -> str:
        """The harness's settings, with paths as the agent sees them."""
        mounts = self.layout.mounts(agent.name, agent.role)
        run = self._seen(mounts, places.RUN)
        model = self.settings.model_base_url
        values = {
            "agent": agent.name,
            "role": str(agent.role),
            "revision": agent.revision or "unknown",
            "nats_url": self.settings.nats_url,
            "creds": f"{run}/agent.creds",
            "state_dir": self._seen(mounts, places.STATE),
            "home_dir": self._seen(mounts, places.HOME),
            "store_dir": self._seen(mounts, places.STORE),
            "run_dir": self._seen(mounts, places.OWN),
            "secrets_dir": f"{run}/secrets",
            "http_port": agent.port,
            "dashboard_url": self.settings.dashboard_url,
            "model_base_url": None if model is None else model.replace("{name}", agent.name),
        }
        return json.dumps(values, indent=2) + "\n"

    def _seen(self, mounts: tuple[Mount, ...], target: str) -> str:
        return self.runtime.visible_path(next(mount for mount in mounts if mount.target == target))


async def wait_until_ready(bus: Bus, runtime: Runtime, name: str, seconds: float) -> AgentStatus:
    """The harness's first answer. Time without NATS doesn't count.

    Raises StartFailed when its process ends, or when it does not answer within `seconds`.
    """
    loop = asyncio.get_running_loop()
    deadline, delay = loop.time() + seconds, _FIRST_DELAY
    while True:
        if not bus.up.is_set():
            await bus.up.wait()
            deadline = loop.time() + seconds
        try:
            return await bus.call(wire.STATUS, Empty(), agent=name, timeout=_ANSWER_SECONDS)
        except Refusal as refusal:
            if refusal.code not in _NOT_YET:
                raise
        status = await runtime.status(name)
        if status.state != "running":
            raise StartFailed(
                f"the harness ended by itself ({describe_exit(status)}){await _last_words(runtime, name)}"
            )
        if loop.time() > deadline:
            raise StartFailed(f"the harness runs but did not answer within {seconds:g} s")
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LAST_DELAY)


def describe_exit(status: RuntimeStatus) -> str:
    """`exit 1`, `signal 9`, or that nobody saw it."""
    if status.exit_signal:
        return f"signal {status.exit_signal}"
    return "unseen" if status.exit_code is None else f"exit {status.exit_code}"


async def _last_words(runtime: Runtime, name: str) -> str:
    lines = [line for line in await runtime.logs(name, 5) if line.strip()]
    return f": {lines[-1].strip()[:500]}" if lines else ""
