"""What the agent's settings ask of Claude Code, and what of that can't be followed."""

from hive_harness.runtime.command import OWN_SERVER, TOOLS, ClaudeSetup, bundled_binary, tool_name
from hive_harness.settings import Settings


def claude_setup(settings: Settings) -> ClaudeSetup:
    """How this agent's Claude Code is started."""
    return ClaudeSetup(
        binary=settings.claude_binary or bundled_binary(),
        state_dir=settings.state_dir,
        home_dir=settings.home_dir,
        prompt_file=settings.run_dir / "system-prompt.md",
        mcp_config=settings.run_dir / "mcp.json",
        git_config=settings.run_dir / "gitconfig",
        base_url=settings.model_base_url,
        api_retries=settings.api_retries,
        tools_allow=None if settings.tools_allow is None else tuple(settings.tools_allow),
        mcp_servers={key: server for key, server in settings.mcp_servers.items() if key != OWN_SERVER},
        extra_env=settings.extra_env,
    )


def problems(settings: Settings) -> list[str]:
    """What is left out, a sentence each."""
    found: list[str] = []
    if OWN_SERVER in settings.mcp_servers:
        found.append(f"The MCP server `{OWN_SERVER}` of the configuration is left out: that key is hyperhive's own.")
    for pattern in settings.tools_allow or ():
        name = tool_name(pattern)
        if name not in TOOLS:
            found.append(f"The tool `{name}` in `tools.allow` is left out: there are {', '.join(TOOLS)}.")
    return found
