"""What lifecycle and the revoker are told."""

import os
import sys
from pathlib import Path
from typing import Literal

from hive_kit.settings import ServiceSettings
from pydantic import BaseModel, ConfigDict, Field

from hive_lifecycle.runtimes import NixosSettings


class RuntimeSettings(BaseModel):
    """Where agents run."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["local", "nixos"] = "local"
    sandbox: Literal["required", "unsafe"] = "required"
    """Of the local runtime. `unsafe`: agents are plain processes and can read what the service can."""
    nixos: NixosSettings = NixosSettings()
    """Of the nixos runtime."""


class AgentPorts(BaseModel):
    """Where harnesses answer HTTP, all on loopback."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    manager: int = Field(default=8000, ge=1, le=65535)
    first: int = Field(default=8100, ge=1, le=65535)
    """Agents' ports are hashes of their names into `first` to `last`."""
    last: int = Field(default=8999, ge=1, le=65535)


class Uids(BaseModel):
    """Users of this host that agents run as, where the service is root. `group` is for shared folders."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    group: int = Field(default=50_000, ge=1000)
    first: int = Field(default=50_001, ge=1000)
    last: int = Field(default=58_999, ge=1000)


class LifecycleSettings(ServiceSettings):
    """Agents, their runtime and its limits."""

    runtime: RuntimeSettings = RuntimeSettings()
    agent_ports: AgentPorts = AgentPorts()
    agent_signing_key: Path
    """Mints credentials of agents."""
    manager_signing_key: Path
    """Mints the manager's credentials."""
    model_base_url: str | None = None
    """Where Claude Code finds its model, `{name}` being the agent's; None: Anthropic's own."""
    dashboard_url: str | None = None
    """Where the operator's pages are."""
    agent_command: tuple[str, ...] = (sys.executable, "-m", "hive_harness")
    """What an agent runs; `--settings <file>` is added."""
    flake: str | None = None
    """What the input `hyperhive` of the swarm's flake points at: `git+file:` or `path:` of a folder, or whatever nix
    knows; None: where this program was installed from."""
    locker: Literal["auto", "nix", "plain"] = "auto"
    """Who locks the swarm's flake: nix, or this program in its stead, which knows `git+file:` and `path:` only. `auto`:
    nix where the runtime builds."""
    update_automatically: bool = False
    """Whether agents that run with something older than what is installed are rebuilt when the service starts."""
    uids: Uids = Uids()
    memory_bytes: int | None = 4 << 30
    """What one agent may use altogether."""
    max_processes: int | None = 1024
    """How many processes one agent may have."""
    grace_seconds: float = 10.0
    """How long a harness may take to stop."""
    turn_seconds: float = 30.0
    """How long a running turn may take to end before a deploy or an update."""
    ready_seconds: float = 60.0
    """How long a harness may take from its start to its first answer."""
    steady_seconds: float = Field(default=2.0, ge=0)
    """After so long a harness that was deployed anew must still run and answer."""
    parallel_starts: int = max(4, 2 * (os.cpu_count() or 1))
    """How many agents are started at the same time."""
    restart_first_seconds: float = 0.2
    """The delay before a crashed agent is started again; it doubles with each crash."""
    restart_last_seconds: float = 30.0
    healthy_seconds: float = 60.0
    """After so long without a crash an agent counts as healthy, and the delay begins anew."""


class RevokerSettings(ServiceSettings):
    """The keys that only the revoker holds."""

    operator_seed: Path
    """The signing key of the NATS operator, which signs the account."""
    system_creds: Path
    """Credentials of the system account, which may give the server a new account JWT."""
    account_state: Path
    """The account as it was last signed, with its revocations."""
