"""What approvals is told."""

from pathlib import Path

from hive_kit.settings import ServiceSettings


class ApprovalsSettings(ServiceSettings):
    """Where the repositories lie."""

    @property
    def proposed(self) -> Path:
        """One working repository per agent, which the manager edits."""
        return self.state / "config" / "proposed"

    @property
    def applied(self) -> Path:
        """One bare repository per agent, which only approvals writes."""
        return self.state / "config" / "applied"
