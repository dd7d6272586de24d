"""Configuration repositories: what approvals answers."""

from pydantic import Field

from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import Verb

SERVICE = "approvals"
CORE = frozenset({Role.CORE})


class SeedRequest(Wire):
    """An agent that the operator spawned without an approval."""

    agent: str = Field(max_length=64)
    role: Role
    requested_by: str


class SeedReply(Wire):
    """Both repositories exist."""

    commit: str
    """The commit that the applied repository's `main` is at."""
    approval: int
    """The row under which the spawn is recorded."""


class ReposRequest(Wire):
    """The agent whose repositories shall go."""

    agent: str = Field(max_length=64)


SEED_REPOS = Verb(
    SERVICE, "seed_repos", SeedRequest, SeedReply, CORE,
    "Make an agent's proposed and applied repository from the template where they are missing, and record the spawn.",
    seconds=10,
)  # fmt: skip
REMOVE_REPOS = Verb(
    SERVICE, "remove_repos", ReposRequest, Empty, CORE, "Remove a purged agent's repositories; the rows stay."
)
VERBS = (SEED_REPOS, REMOVE_REPOS)
