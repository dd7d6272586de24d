"""Agents and their containers: what lifecycle answers and what it tells."""

from enum import StrEnum

from pydantic import Field

from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.model import AgentName as AgentName
from hive_wire.model import Empty, Secret, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.rollouts import Rollout
from hive_wire.tombstones import Tombstone
from hive_wire.verb import Event, Verb

SERVICE = "lifecycle"
OPERATOR = frozenset({Role.OPERATOR})
MANAGERS = frozenset({Role.OPERATOR, Role.MANAGER})
OBSERVERS = frozenset({Role.OPERATOR, Role.MANAGER, Role.CORE})
CORE = frozenset({Role.CORE})
LOG_LINES_MAX = 5000


class ContainerState(StrEnum):
    """What the runtime says of an agent's container."""

    RUNNING = "running"
    STOPPED = "stopped"
    CRASHED = "crashed"
    ABSENT = "absent"


class Transient(StrEnum):
    """An action in flight."""

    SPAWNING = "spawning"
    STARTING = "starting"
    STOPPING = "stopping"
    KILLING = "killing"
    RESTARTING = "restarting"
    REBUILDING = "rebuilding"
    DESTROYING = "destroying"


class DestroyRequest(AgentName):
    """An agent to remove. `purge` removes its state and configuration too; otherwise both are kept."""

    purge: bool = False


class LogUnit(StrEnum):
    """Whose lines of a container's journal."""

    HARNESS = "harness"
    MACHINE = "machine"


class LogsRequest(AgentName):
    """The last lines that an agent's container printed, or those behind `after`, the `cursor` of an earlier reply."""

    unit: LogUnit = LogUnit.HARNESS
    lines: int = Field(default=200, ge=1, le=LOG_LINES_MAX)
    after: str | None = Field(default=None, max_length=512)
    wait_seconds: float = Field(default=0, ge=0, le=20)
    """How long the reply may wait for a first line behind `after`."""


class LogsReply(Wire):
    """Lines, oldest first; `cut` says that some before the first were left out to keep the page in its limit."""

    lines: list[str]
    cut: bool
    cursor: str = ""
    """Where the next lines begin."""


class SecretRequest(Wire):
    """A secret for an agent, or for every agent that has none of its own."""

    name: str = Field(pattern=r"^(anthropic-api-key|claude-oauth-token)$")
    value: Secret
    agent: str | None = None


class AgentView(Wire):
    """Everything that lifecycle knows of an agent."""

    name: str
    role: Role
    container: ContainerState
    container_since: Timestamp
    wanted: bool
    """Whether the operator wants it to run."""
    transient: Transient | None = None
    transient_since: Timestamp | None = None
    exit: str | None = None
    """How the container last ended, when it did by itself: `exit 1`, `signal 9`."""
    error: str | None = None
    """Why the last action failed."""
    port: int
    created_at: Timestamp
    revision: str | None = None
    """The first 12 of the deployed configuration's commit."""
    logged_in: bool | None = None
    """Whether a login or a key is there for it."""
    restarts: int = 0
    """How often it was started again after a crash, since it was last healthy."""
    needs_update: bool = False
    """What runs was started with another version or other settings than a start now would use."""
    approval: int | None = None
    """The approval that is being carried out on it, or waits for its turn."""


class Accepted(Wire):
    """The action has begun; its end is an event."""

    action: int
    """The action's id."""
    agent: AgentView


class Capabilities(Wire):
    """What the runtime can do, and in words what it can't."""

    runtime: str
    sandboxed: bool
    separate_users: bool
    memory_limits: bool
    builds: bool = False
    """Whether `agent.nix` counts: a deploy builds the agent's whole system."""
    separate_units: bool = False
    """Whether the harness's log and the machine's are kept apart."""
    max_name_length: int | None = None
    notes: list[str]


class AgentList(Wire):
    """All agents, the manager first, then by name."""

    agents: list[AgentView]
    capabilities: Capabilities


class PortConflict(Wire):
    """Agents whose names hash to one port."""

    port: int
    agents: list[str]


class LifecycleSnapshot(AgentList):
    """Lifecycle's state with its position in its own event sequence."""

    outbox_id: int
    store: str
    conflicts: list[PortConflict]
    rollouts: list[Rollout] = Field(default_factory=list[Rollout])
    """Those that have not ended, and the last one that has; the last one first."""
    tombstones: list[Tombstone] = Field(default_factory=list[Tombstone])


class AgentHistoryRequest(LiveHistoryRequest):
    """A page of the live events of an agent that may be stopped."""

    name: str = Field(max_length=64)


class ActionEnded(Wire):
    """An action on an agent ended."""

    action: int
    agent: str
    ok: bool
    error: str | None = None
    requested_by: str
    purged: bool = False


class NameCheck(AgentName):
    """A name for a new agent."""

    draft: bool = False
    """It has a draft: the state folder made for that doesn't count as taken."""
    revives: bool = False
    """It had an agent: what is kept of that must be there, and is taken over."""


class DeployProgress(Wire):
    """An approval that is being carried out."""

    approval: int
    agent: str
    commit: str
    ok: bool | None = None
    """Whether it is deployed; None while it is under way."""
    error: str | None = None
    """Why it was rolled back or could not be carried out."""
    notes: list[str] = Field(default_factory=list[str])
    """What should be known beside: `agent.nix` was not used, the agent was not started."""


class Notice(Wire):
    """An agent's state changed."""

    agent: str


class Crashed(Wire):
    """A container went away without an action in flight."""

    agent: str
    exit: str | None


SPAWN = Verb(
    SERVICE,
    "spawn",
    AgentName,
    Accepted,
    OPERATOR,
    "Make a new agent and start it.",
    repeatable=False,
    seconds=10,
)
START = Verb(SERVICE, "start", AgentName, Accepted, MANAGERS, "Start an agent.")
STOP = Verb(SERVICE, "stop", AgentName, Accepted, MANAGERS, "Stop an agent, giving its turn time to end.")
KILL = Verb(SERVICE, "kill", AgentName, Accepted, MANAGERS, "Stop an agent at once.")
RESTART = Verb(SERVICE, "restart", AgentName, Accepted, MANAGERS, "Stop an agent and start it again.", repeatable=False)
DESTROY = Verb(SERVICE, "destroy", DestroyRequest, Accepted, OPERATOR, "Remove an agent and revoke its credentials.")
UPDATE = Verb(
    SERVICE, "update", AgentName, Accepted, MANAGERS,
    "Start an agent anew with its deployed configuration and the installed version; nothing happens where it has both.",
)  # fmt: skip
REBUILD = Verb(
    SERVICE, "rebuild", AgentName, Accepted, MANAGERS,
    "Make everything of an agent that lies on the host anew: configuration, mounts, credentials; then start it.",
    repeatable=False,
)  # fmt: skip
CHECK_NAME = Verb(
    SERVICE, "check_name", NameCheck, Empty, frozenset({Role.CORE}),
    "Refuse a name that no new agent could have: its form, taken, too long, another's port.",
)  # fmt: skip
MAKE_DRAFT = Verb(
    SERVICE, "make_draft", AgentName, Empty, frozenset({Role.CORE}), "Make the state folder of an agent to be."
)
DROP_DRAFT = Verb(
    SERVICE, "drop_draft", AgentName, Empty, frozenset({Role.CORE}), "Remove the state folder of an agent to be."
)
LIST = Verb(SERVICE, "list", Empty, AgentList, OBSERVERS, "All agents.")
STATUS = Verb(SERVICE, "status", AgentName, AgentView, OBSERVERS, "One agent.")
LOGS = Verb(
    SERVICE, "logs", LogsRequest, LogsReply, MANAGERS,
    "The last lines that an agent's container printed, or the next ones.", seconds=30,
)  # fmt: skip
SET_SECRET = Verb(SERVICE, "set_secret", SecretRequest, Empty, OPERATOR, "Hand a key or token to one agent or all.")
AGENT_HISTORY = Verb(
    SERVICE, "agent_history", AgentHistoryRequest, LiveHistory, frozenset({Role.OPERATOR, Role.CORE}),
    "A page of an agent's live events, read from its store when the agent is down.",
)  # fmt: skip
SUSPEND = Verb(
    SERVICE, "suspend", Empty, Empty, frozenset({Role.OPERATOR, Role.CORE}),
    "Stop every agent but keep in mind which ones shall run; for the end of the whole swarm.",
    seconds=60,
)  # fmt: skip
SNAPSHOT = Verb(SERVICE, "snapshot", Empty, LifecycleSnapshot, CORE, "The state to start a projection from.")

VERBS = (
    SPAWN, START, STOP, KILL, RESTART, UPDATE, REBUILD, DESTROY, CHECK_NAME, MAKE_DRAFT, DROP_DRAFT, LIST, STATUS, LOGS,
    SET_SECRET, AGENT_HISTORY, SUSPEND, SNAPSHOT,
)  # fmt: skip


class AgentChanged(Wire):
    """The whole view of an agent, as it is now."""

    agent: AgentView
    conflicts: list[PortConflict]


CHANGED = Event(SERVICE, "agent", "changed", AgentChanged, "Something about an agent changed; the whole view.")
REMOVED = Event(SERVICE, "agent", "removed", AgentName, "An agent is gone.")
SPAWNED = Event(SERVICE, "agent", "spawned", ActionEnded, "A spawn ended.")
STARTED = Event(SERVICE, "agent", "started", ActionEnded, "A start ended.")
STOPPED = Event(SERVICE, "agent", "stopped", ActionEnded, "A stop ended.")
KILLED = Event(SERVICE, "agent", "killed", ActionEnded, "A kill ended.")
RESTARTED = Event(SERVICE, "agent", "restarted", ActionEnded, "A restart ended.")
DESTROYED = Event(SERVICE, "agent", "destroyed", ActionEnded, "A destroy ended.")
CRASHED = Event(SERVICE, "agent", "crashed", Crashed, "A container went away by itself.")
REBUILT = Event(SERVICE, "agent", "rebuilt", ActionEnded, "A deploy or an update ended.")
DEPLOY_STARTED = Event(SERVICE, "deploy", "started", DeployProgress, "An approval is being carried out.")
DEPLOY_FINISHED = Event(SERVICE, "deploy", "finished", DeployProgress, "An approval was carried out, or was not.")
NEEDS_LOGIN = Event(SERVICE, "login", "missed", Notice, "An agent's login or key has gone.")
LOGGED_IN = Event(SERVICE, "login", "found", Notice, "An agent has a login or a key now.")
NEEDS_UPDATE = Event(SERVICE, "update", "needed", Notice, "An agent runs with something older than what is installed.")
EVENTS = (
    CHANGED, REMOVED, SPAWNED, STARTED, STOPPED, KILLED, RESTARTED, REBUILT, DESTROYED, CRASHED,
    DEPLOY_STARTED, DEPLOY_FINISHED, NEEDS_LOGIN, LOGGED_IN, NEEDS_UPDATE,
)  # fmt: skip
