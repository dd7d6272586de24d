"""The configuration of the swarm's NATS server and the context file for the standard `nats` CLI.

Decides what the server trusts and how it stores; JSON, which nats-server reads as well as its own format."""

import json
from dataclasses import dataclass
from pathlib import Path

MAX_PAYLOAD = 8 * 1024 * 1024


@dataclass(frozen=True)
class ServerConfig:
    port: int
    jetstream: Path
    resolver: Path
    log_file: Path | None
    """None: to its error output, for the journal."""
    operator_jwt: str
    system_account: str
    account_jwts: tuple[tuple[str, str], ...]
    host: str = "127.0.0.1"
    server_name: str = "hive"

    def render(self) -> str:
        return json.dumps(self._settings(), indent=2) + "\n"

    def _settings(self) -> dict[str, object]:
        return {
            "server_name": self.server_name,
            "host": self.host,
            "port": self.port,
            "max_payload": MAX_PAYLOAD,
            # A half-dead connection is noticed after two missed pings.
            "ping_interval": "15s",
            "ping_max": 2,
            **self._log(),
            # The default syncs every two minutes: a power loss would take acknowledged events with it and
            # re-use their numbers (nats-server issue 7564).
            "jetstream": {"store_dir": str(self.jetstream), "sync_interval": "always"},
            "operator": self.operator_jwt,
            "system_account": self.system_account,
            "resolver": {"type": "full", "dir": str(self.resolver), "allow_delete": False},
            "resolver_preload": dict(self.account_jwts),
        }

    def _log(self) -> dict[str, object]:
        if self.log_file is None:
            return {}
        return {"log_file": str(self.log_file), "logfile_size_limit": 64 * 1024 * 1024, "logfile_max_num": 3}


def render_context(url: str, creds: Path) -> str:
    """A context of the `nats` CLI: `nats --context <this file>`, or selected by name when linked."""
    context = {
        "description": "this swarm, as its operator",
        "url": url,
        "creds": str(creds),
        "inbox_prefix": "_INBOX.operator",
    }
    return json.dumps(context, indent=2) + "\n"
