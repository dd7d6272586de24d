"""Whether the agent has a login, told without reading any login of Claude Code's: it is only looked at from outside.

A key or token that the operator handed over as a secret file is read, since it is passed on to Claude Code.
Whether the API accepts it shows in the first turn.
"""

from dataclasses import dataclass
from pathlib import Path

API_KEY = "anthropic-api-key"
OAUTH_TOKEN = "claude-oauth-token"
_VARIABLES = {API_KEY: "ANTHROPIC_API_KEY", OAUTH_TOKEN: "CLAUDE_CODE_OAUTH_TOKEN"}
HOW = (
    "No login: put an API key with `hive secret set anthropic-api-key`, a long-lived token with "
    "`hive secret set claude-oauth-token`, or log in from the agent's page."
)

Trace = tuple[tuple[str, int, int, int], ...]
"""What is seen of the login from outside: path, inode, size and time of change of each file there is."""


@dataclass
class Login:
    """The places where a login can be. After a refusal they count as empty until one of them changes."""

    secrets_dir: Path
    config_dir: Path
    refused: Trace | None = None

    @property
    def present(self) -> bool:
        """Whether there is a login that was not refused as it stands."""
        trace = self._trace()
        return bool(trace) and trace != self.refused

    def refuse(self) -> None:
        """The API did not accept what is there now."""
        self.refused = self._trace()

    def forgive(self) -> None:
        """Try again with what is there, changed or not."""
        self.refused = None

    def variables(self) -> dict[str, str]:
        """The environment variable that hands a secret file's content to Claude Code."""
        for name, variable in _VARIABLES.items():
            try:
                secret = (self.secrets_dir / name).read_text().strip()
            except (OSError, UnicodeDecodeError):
                continue
            if secret:
                return {variable: secret}
        return {}

    def _trace(self) -> Trace:
        places = [*(self.secrets_dir / name for name in _VARIABLES), self.config_dir / ".credentials.json"]
        return tuple(seen for place in places if (seen := _look(place)) is not None)


def _look(path: Path) -> tuple[str, int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (str(path), status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None
