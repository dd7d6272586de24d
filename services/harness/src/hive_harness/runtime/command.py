"""How Claude Code is started: its flags and its environment, both from a list of what is allowed."""

import importlib.util
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from hive_harness.runtime.processes import MARK

TOOLS = ("Bash", "Edit", "NotebookEdit", "Read", "Task", "TaskStop", "WebFetch", "WebSearch", "Write")
"""Left out on purpose: SendMessage and ListAgents (they pass the hive by), ScheduleWakeup, Cron*, Monitor and
Workflow (they start turns or agents on their own), Skill (its files are nobody's reviewed configuration)."""

_PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LOCALE_ARCHIVE", "TZ", "TMPDIR", "SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "NIX_PATH",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip


@dataclass(frozen=True)
class ClaudeSetup:
    """What one agent's Claude Code needs to know."""

    binary: Path
    state_dir: Path
    home_dir: Path
    role_text: str
    mcp_config: Path | None = None
    base_url: str | None = None
    api_retries: int = 5
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
        "--append-system-prompt", setup.role_text, "--system-prompt-snapshot", "off",
        "--tools", ",".join(TOOLS), "--setting-sources=", "--strict-mcp-config",
        "--dangerously-skip-permissions",
    ]  # fmt: skip
    if setup.mcp_config is not None:
        command += ["--mcp-config", str(setup.mcp_config)]
    if model:
        command.append(f"--model={model}")
    if resume:
        command.append(f"--resume={resume}")
    return command


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
    if setup.base_url:
        env["ANTHROPIC_BASE_URL"] = setup.base_url
    if os.geteuid() == 0:
        env["IS_SANDBOX"] = "1"  # as root, Claude Code skips permissions only where it is told of the walls
    return env


def write_mcp_config(path: Path, url: str, token: str) -> None:
    """Write the file that tells Claude Code of our server; 0600, since it holds the bearer token."""
    server = {
        "type": "http",
        "url": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "alwaysLoad": True,
        "timeout": 3_600_000,
    }
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump({"mcpServers": {"hyperhive": server}}, file)
