"""What a harness is started with: its settings file, its command, environment and limits; and whether it answers."""

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from hive_kit.bus import Bus
from hive_kit.version import VERSION
from hive_wire import agent as wire
from hive_wire.agent_config import AgentConfig
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import AgentStatus
from hive_wire.model import Empty
from hive_wire.verb import Verb
from pydantic import ValidationError

from hive_lifecycle import layout as places
from hive_lifecycle.agents import Agent
from hive_lifecycle.layout import Layout, Owner
from hive_lifecycle.mounts import mounts as mounts_of_host
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
        """The container of one agent. Raises StartFailed when its configuration asks for a mount that can't be."""
        mounts = self.layout.mounts(agent.name, agent.role)
        home = self._seen(mounts, places.HOME)
        run = self._seen(mounts, places.RUN)
        if self.runtime.capabilities().sandboxed:
            mounts = (*mounts, *mounts_of_host(read_config(agent.config).mounts, self._private_folders()))
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
        """The harness's settings, with paths as the agent sees them; what its configuration leaves out is left out."""
        config = read_config(agent.config)
        mounts = self.layout.mounts(agent.name, agent.role)
        run = self._seen(mounts, places.RUN)
        model = self.settings.model_base_url
        values: dict[str, object] = {
            "agent": agent.name,
            "role": str(agent.role),
            "revision": agent.revision or "unknown",
            "nats_url": self.settings.nats_url,
            "creds": f"{run}/agent.creds",
            "state_dir": self._seen(mounts, places.STATE),
            "home_dir": self._seen(mounts, places.HOME),
            "store_dir": self._seen(mounts, places.STORE),
            "run_dir": self._seen(mounts, places.OWN),
            "agents_dir": self.runtime.visible_path(Mount(self.layout.everyone, places.EVERYONE)),
            "proposed_dir": self.runtime.visible_path(Mount(self.layout.proposed, places.PROPOSED)),
            "applied_dir": self.runtime.visible_path(Mount(self.layout.applied, places.APPLIED)),
            "secrets_dir": f"{run}/secrets",
            "http_port": agent.port,
            "dashboard_url": self.settings.dashboard_url,
            "model_base_url": None if model is None else model.replace("{name}", agent.name),
        }
        if config.model is not None:
            values["model"] = config.model
        if config.prompt.append:
            values["prompt_append"] = config.prompt.append
        if config.tools.allow is not None:
            values["tools_allow"] = config.tools.allow
        if config.mcp:
            values["mcp_servers"] = {key: server.model_dump(mode="json") for key, server in config.mcp.items()}
        return json.dumps(values, indent=2) + "\n"

    def digest(self, agent: Agent, owner: Owner | None) -> str:
        """Of all that a start now would use, but for the name of the commit that it comes from."""
        spec = json.dumps(asdict(self.spec(agent, owner)), default=str)
        settings = self.settings_file(replace(agent, revision=None))
        return sha256(f"{VERSION}\0{spec}\0{settings}".encode()).hexdigest()

    def notes(self, config: AgentConfig, *, wanted: bool) -> list[str]:
        """What should be known of a deploy of that configuration here."""
        runtime = self.runtime.capabilities()
        notes: list[str] = []
        if not runtime.builds:
            notes.append(f"agent.nix was not used: the {runtime.name} runtime applies agent.toml only")
        if config.mounts and not runtime.sandboxed:
            notes.append("nothing was mounted: without a sandbox the agent sees the host's own folders")
        if not wanted:
            notes.append("not started: it is stopped; its health was not checked")
        return notes

    def _private_folders(self) -> list[Path]:
        """Folders of hyperhive that no mount may reach."""
        settings = self.settings
        keys = (settings.database, settings.creds, settings.agent_signing_key, settings.manager_signing_key)
        return [self.layout.state, *(file.absolute().parent for file in keys)]

    def _seen(self, mounts: tuple[Mount, ...], target: str) -> str:
        return self.runtime.visible_path(next(mount for mount in mounts if mount.target == target))


def read_config(text: str) -> AgentConfig:
    """A stored configuration. Raises StartFailed for one that this version can't read."""
    try:
        return AgentConfig.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise StartFailed(f"this version can't read the configuration ({key}: {first['msg']})") from error


async def turn_ended(bus: Bus, name: str, seconds: float) -> bool:
    """Wait for the end of the turn that runs, if one does; whether it ended within `seconds`.

    Where nobody answers there is no turn to wait for.
    """
    loop = asyncio.get_running_loop()
    deadline, running = loop.time() + seconds, None
    while True:
        try:
            turn = (await bus.call(wire.STATUS, Empty(), agent=name, timeout=_ANSWER_SECONDS)).turn
        except Refusal as refusal:
            if refusal.code is ErrorCode.UNAVAILABLE and bus.up.is_set():
                return True
        else:
            running = running or turn
            if turn is None or turn != running:
                return True
        if loop.time() > deadline:
            return False
        await asyncio.sleep(_LAST_DELAY)


async def check_health(bus: Bus, runtime: Runtime, name: str, seconds: float) -> AgentStatus:
    """Whether a harness that answered still does after `seconds`, in the same run, and serves its tools. What it says
    of logins and of its provider is not ours to judge. Raises StartFailed."""
    before = await runtime.status(name)
    await asyncio.sleep(seconds)
    after = await runtime.status(name)
    if after.state != "running" or after.started_at != before.started_at:
        raise StartFailed(f"the harness ended after it had answered ({describe_exit(after)})"
                          f"{await _last_words(runtime, name)}")  # fmt: skip
    try:
        return await wait_until_ready(bus, runtime, name, wire.CHECK_READY.seconds, wire.CHECK_READY)
    except Refusal as refusal:
        raise StartFailed(refusal.message) from refusal


async def wait_until_ready(
    bus: Bus, runtime: Runtime, name: str, seconds: float, verb: Verb[Empty, AgentStatus] = wire.STATUS
) -> AgentStatus:
    """The harness's first answer to `verb`. Time without NATS doesn't count.

    Raises StartFailed when its process ends, or when it does not answer within `seconds`; Refusal when it refuses.
    """
    loop = asyncio.get_running_loop()
    patience = _ANSWER_SECONDS if verb is wire.STATUS else seconds
    deadline, delay = loop.time() + seconds, _FIRST_DELAY
    while True:
        if not bus.up.is_set():
            await bus.up.wait()
            deadline = loop.time() + seconds
        try:
            return await bus.call(verb, Empty(), agent=name, timeout=patience)
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
    lines = [line for line in (await runtime.logs(name, 5)).lines if line.strip()]
    return f": {lines[-1].strip()[:500]}" if lines else ""
