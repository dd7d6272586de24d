"""The configuration as the agent's own system was built with it: `agent.nix` goes before `agent.toml` there, so what
lifecycle applies (mounts, allow-list, settings) is read from the system, not from the file."""

from pathlib import Path

from hive_wire.agent_config import AgentConfig
from pydantic import ValidationError

from hive_lifecycle.runtimes import BuildFailed

PLACE = "etc/hyperhive/agent.json"


def read(system: str) -> AgentConfig | None:
    """What a built system says; None for one that says nothing. Raises BuildFailed for what this version can't read."""
    path = Path(system, PLACE)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BuildFailed(f"{path} can't be read: {error}") from error
    try:
        return AgentConfig.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise BuildFailed(f"the built system's configuration can't be used ({key}: {first['msg']})") from error
