"""What a harness is told at its start: one JSON file, rendered by lifecycle.

A plain model, not pydantic-settings: nothing comes from the environment, and that package would cost every
agent 6 MB.
"""

from pathlib import Path
from typing import Literal

from hive_wire.agent_config import McpServer
from hive_wire.names import NAME_PATTERN
from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Settings of one harness. Unknown keys are refused, so that a typo is found."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    agent: str = Field(pattern=NAME_PATTERN)
    """The agent's name, which is also its principal."""
    role: Literal["agent", "manager"] = "agent"
    """Which role file its system prompt comes from."""
    operator_pronouns: str = "they/them"
    """How the agent speaks of the operator."""
    revision: str = "unknown"
    """The configuration's revision that is deployed."""
    nats_url: str = "nats://127.0.0.1:4222"
    creds: Path | None = None
    """The agent's NATS credentials file."""
    state_dir: Path = Path("/state")
    """Where Claude works; the session's id and the model choice are kept under `.hyperhive` in it."""
    home_dir: Path = Path("/home/agent")
    """HOME; Claude Code's own files are in `.claude` under it."""
    store_dir: Path = Path("/var/lib/hive")
    """Where the event store is."""
    run_dir: Path = Path("/run/hive")
    """For short-lived files of ours: the MCP configuration."""
    secrets_dir: Path = Path("/run/hive/secrets")
    """Where `anthropic-api-key` or `claude-oauth-token` is looked for."""
    http_host: str = "127.0.0.1"
    http_port: int | None = Field(default=None, ge=1, le=65535)
    """The agent's own port (health, metrics, link); none where unset."""
    dashboard_url: str | None = None
    """Where the operator's pages are, for the link."""
    model: str | None = None
    """The model to begin with; a choice made at run time goes before it."""
    prompt_append: str = ""
    """Text that the system prompt ends with, from the agent's configuration."""
    tools_allow: list[str] | None = None
    """Which of Claude Code's own tools may be used: names or patterns such as `Bash(git *)`; all where unset."""
    mcp_servers: dict[str, McpServer] = Field(default_factory=dict[str, McpServer])
    """Further MCP servers by key; one called `hyperhive` is left out with a warning."""
    agents_dir: Path = Path("/agents")
    """Where an agent finds its own proposed repository (`<name>/config`), and the manager all agents' folders."""
    proposed_dir: Path = Path("/config/proposed")
    """Where the manager finds the proposed repositories."""
    applied_dir: Path = Path("/applied")
    """Where the manager finds what was decided and deployed, to be read."""
    model_base_url: str | None = None
    """The model's API, where it is not Anthropic's."""
    claude_binary: Path | None = None
    """Claude Code; the one that comes with the SDK where unset."""
    api_retries: int = Field(default=5, ge=0, le=20)
    """How often Claude Code itself repeats a failed request before the harness takes over."""
    idle_hibernate_seconds: float = Field(default=600, ge=0)
    """How long an idle Claude Code process is kept."""
    turns_before_recycle: int = Field(default=200, ge=1)
    """After so many turns the process is ended, since it grows; the session goes on."""
    outage_delay_seconds: float = Field(default=5, gt=0)
    """The first delay after a failure of the model's API; it doubles up to five minutes."""
    recv_wait_seconds: float = Field(default=180, gt=0, le=180)
    """How long one request for mail waits at the broker."""
    extra_env: dict[str, str] = Field(default_factory=dict[str, str])
    """More variables for Claude Code, from the agent's configuration."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load(path: Path, claude_binary: Path | None = None) -> Settings:
    """Read the settings file; a `claude_binary` that is given goes before what it says. Raises OSError or pydantic's
    ValidationError, which names the key."""
    settings = Settings.model_validate_json(path.read_bytes())
    return settings if claude_binary is None else settings.model_copy(update={"claude_binary": claude_binary})
