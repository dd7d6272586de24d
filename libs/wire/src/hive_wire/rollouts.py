"""The swarm's flake and what is started anew when it changes: what lifecycle answers and tells."""

from enum import StrEnum

from pydantic import Field

from hive_wire.model import Empty, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.verb import Event, Verb

SERVICE = "lifecycle"
OPERATOR = frozenset({Role.OPERATOR})
MANAGERS = frozenset({Role.OPERATOR, Role.MANAGER})
OBSERVERS = frozenset({Role.OPERATOR, Role.MANAGER, Role.CORE})


class MetaInput(Wire):
    """One input of the swarm's flake, as its lock file has it."""

    name: str
    """`hyperhive` or `agent-<name>`."""
    revision: str | None
    """The first 12 of the locked revision; None where it is not locked."""
    changed_at: Timestamp | None
    """When that revision was made."""
    url: str
    agent: str | None = None
    """The agent whose configuration it is."""


class MetaInputs(Wire):
    """The inputs, `hyperhive` first, then by name."""

    inputs: list[MetaInput]
    commit: str | None
    """The last commit of the swarm's flake; None where there is none yet."""
    error: str | None = None
    """Why the lock file can't be read; the inputs are those of the list of agents then."""


class InputsUpdate(Wire):
    """The inputs to be updated: `hyperhive` concerns every agent, `agent-<name>` that one."""

    names: list[str] = Field(min_length=1, max_length=300)


class RolloutCause(StrEnum):
    """What several agents are rebuilt for."""

    INPUTS = "inputs"
    UPDATE_ALL = "update_all"
    AUTOMATIC = "automatic"


class RolloutState(StrEnum):
    """How far one agent of a rollout is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class RolloutAgent(Wire):
    """One agent of a rollout."""

    name: str
    state: RolloutState
    action: int | None = None
    error: str | None = None
    """Why it failed or was passed over."""


class Rollout(Wire):
    """Agents that are rebuilt one after another."""

    id: int
    cause: RolloutCause
    requested_by: str
    begun_at: Timestamp
    ended_at: Timestamp | None = None
    inputs: list[str] = Field(default_factory=list[str])
    """The inputs that were updated for it."""
    commit: str | None = None
    """The commit of the swarm's flake that has the new lock; None until it is made, and where nothing changed."""
    error: str | None = None
    """Why the inputs could not be updated; nothing was rebuilt then."""
    agents: list[RolloutAgent]


INPUTS = Verb(SERVICE, "inputs", Empty, MetaInputs, OBSERVERS, "The inputs of the swarm's flake and what they are at.")
UPDATE_INPUTS = Verb(
    SERVICE, "update_inputs", InputsUpdate, Rollout, OPERATOR,
    "Lock inputs of the swarm's flake anew and rebuild the agents that they concern.", repeatable=False, seconds=15,
)  # fmt: skip
UPDATE_ALL = Verb(
    SERVICE, "update_all", Empty, Rollout, MANAGERS,
    "Rebuild every agent that runs with something older than what is installed, one after another.", seconds=15,
)  # fmt: skip
ROLLOUT_CHANGED = Event(SERVICE, "rollout", "changed", Rollout, "A rollout began, went on or ended; the whole of it.")
VERBS = (INPUTS, UPDATE_INPUTS, UPDATE_ALL)
EVENTS = (ROLLOUT_CHANGED,)
