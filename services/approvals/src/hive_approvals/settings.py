"""What approvals is told."""

from pathlib import Path

from hive_kit.settings import ServiceSettings
from pydantic import Field


class ApprovalsSettings(ServiceSettings):
    """Where the repositories lie, and where copies of the applied ones go."""

    release_again_seconds: float = Field(default=300, gt=0)
    """How long nothing must be heard of a released approval before lifecycle is told of it again."""
    forge_url: str | None = None
    """The address of a Forgejo, to mirror applied repositories to; None for nowhere."""
    forge_organisation: str = "hyperhive"
    """The private organisation there that holds them."""
    forge_token_file: Path | None = None
    """A file with the token of a user who may write to that organisation."""

    @property
    def proposed(self) -> Path:
        """One working repository per agent, which the manager edits."""
        return self.state / "config" / "proposed"

    @property
    def applied(self) -> Path:
        """One bare repository per agent, which only approvals writes."""
        return self.state / "config" / "applied"
