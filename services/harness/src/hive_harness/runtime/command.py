"""How Claude Code is started: its flags and its environment, both from a list of what is allowed.

What an agent may do is decided by its container's walls; the limits here (`tools_allow`, an MCP server's
`allowed_tools`) keep a well-meaning model to its task and are no wall.
"""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hive_wire.agent_config import McpServer

from hive_harness.runtime.processes import MARK

OWN_SERVER = "hyperhive"
"""The key of our own MCP server; no other may have it."""
TOOLS = ("Bash", "Edit", "NotebookEdit", "Read", "Task", "TaskStop", "WebFetch", "WebSearch", "Write")
"""Left out on purpose: SendMessage and ListAgents (they pass the hive by), ScheduleWakeup, Cron*, Monitor and
Workflow (they start turns or agents on their own), Skill (its files are nobody's reviewed configuration)."""

_PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LOCALE_ARCHIVE", "TZ", "TMPDIR", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "NIX_PATH",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip


@dataclass(frozen=True)
class ClaudeSetup:
    """What one agent's Claude Code needs to know. The three files are written before its start."""

    binary: Path
    state_dir: Path
    home_dir: Path
    prompt_file: Path
    mcp_config: Path | None = None
    git_config: Path | None = None
    base_url: str | None = None
    api_retries: int = 5
    tools_allow: tuple[str, ...] | None = None
    mcp_servers: Mapping[str, McpServer] = field(default_factory=dict[str, McpServer])
    extra_env: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def config_dir(self) -> Path:
        """Where Claude Code keeps its login and its sessions."""
        return self.home_dir / ".claude"


def bundled_binary() -> Path:
    """The `claude` that comes with the SDK; found without importing the SDK."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package claude-agent-sdk is not installed")
    return Path(spec.origin).parent / "_bundled" / "claude"


def arguments(setup: ClaudeSetup, resume: str | None, model: str | None) -> list[str]:
    """The command line. Nothing secret is in it: every local user can read it."""
    command = [
        str(setup.binary), "--print", "--verbose", "--input-format", "stream-json", "--output-format", "stream-json",
        "--append-system-prompt-file", str(setup.prompt_file), "--system-prompt-snapshot", "off",
        "--setting-sources=", "--strict-mcp-config", *_limits(setup),
    ]  # fmt: skip
    if setup.mcp_config is not None:
        command += ["--mcp-config", str(setup.mcp_config)]
    if model:
        command.append(f"--model={model}")
    if resume:
        command.append(f"--resume={resume}")
    return command


def tool_name(pattern: str) -> str:
    """The tool that a pattern such as `Bash(git *)` is about."""
    return pattern.split("(", 1)[0].strip()


def _limits(setup: ClaudeSetup) -> list[str]:
    """Which tools there are, and which may be used. Nobody is asked: what is not allowed is denied at once."""
    limited = any(server.allowed_tools != ["*"] for server in setup.mcp_servers.values())
    if setup.tools_allow is None and not limited:
        return ["--tools", ",".join(TOOLS), "--dangerously-skip-permissions"]
    own = TOOLS if setup.tools_allow is None else [p for p in setup.tools_allow if tool_name(p) in TOOLS]
    named = {tool_name(pattern) for pattern in own}
    further = [
        f"mcp__{key}__{pattern}" for key, server in setup.mcp_servers.items() for pattern in server.allowed_tools
    ]
    return [
        "--tools", ",".join(tool for tool in TOOLS if tool in named),
        "--permission-mode", "dontAsk",
        "--allowedTools", *own, f"mcp__{OWN_SERVER}__*", *further,
    ]  # fmt: skip


def environment(setup: ClaudeSetup, login: dict[str, str]) -> dict[str, str]:
    """The whole environment: nothing of the harness's own passes but what is named here."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env = {
        "PATH": os.defpath,
        **passed,
        "HOME": str(setup.home_dir),
        "PWD": str(setup.state_dir),
        "CLAUDE_CONFIG_DIR": str(setup.config_dir),
        "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": str(setup.api_retries),
        "DISABLE_AUTOUPDATER": "1",
        MARK: str(setup.state_dir),
        **login,
        **setup.extra_env,
    }
    if setup.git_config is not None:
        env["GIT_CONFIG_SYSTEM"] = str(setup.git_config)
    if setup.base_url:
        env["ANTHROPIC_BASE_URL"] = setup.base_url
    if os.geteuid() == 0:
        env["IS_SANDBOX"] = "1"  # as root, Claude Code skips permissions only where it is told of the walls
    return env
