"""The files that Claude Code and the programs it starts find at their start, all of them 0600 and made by us anew.

Files and not flags: a command line is readable by every local user and holds 128 KiB at most.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hive_wire.agent_config import McpServer

from hive_harness.runtime.command import OWN_SERVER

_SYSTEM_GIT_CONFIG = "/etc/gitconfig"


def write_mcp_config(path: Path, url: str, token: str, further: Mapping[str, McpServer]) -> None:
    """Write where Claude Code finds our own MCP server, with its bearer token, and the further ones."""
    own = {
        "type": "http",
        "url": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "alwaysLoad": True,
        "timeout": 3_600_000,
    }
    servers = {key: _declare(server) for key, server in further.items()}
    write_private(path, json.dumps({"mcpServers": {**servers, OWN_SERVER: own}}))


def write_git_config(path: Path, name: str, trusted: Iterable[Path]) -> None:
    """Write git's system-wide settings for the agent: who commits, and which repositories of other owners it may use.

    Only repositories that are named: git obeys programs that a repository's own configuration names, so one in
    another agent's folder must not be trusted.
    """
    lines = ["[include]", f"\tpath = {_SYSTEM_GIT_CONFIG}"]
    lines += ["[user]", f"\tname = {name}", f"\temail = {name}@hyperhive", "[init]", "\tdefaultBranch = main"]
    lines += ["[safe]", *(f"\tdirectory = {_quoted(folder)}" for folder in trusted)]
    write_private(path, "\n".join(lines) + "\n")


def write_private(path: Path, text: str) -> None:
    """Put `text` in place at once, readable by the agent's user alone."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    beside.replace(path)


def _declare(server: McpServer) -> dict[str, Any]:  # Any: JSON
    if server.url is not None:
        return {"type": "http", "url": server.url, "headers": server.headers}
    return {"type": "stdio", "command": server.command, "args": server.args, "env": server.env}


def _quoted(folder: Path) -> str:
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
