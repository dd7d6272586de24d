"""What every harness answers about its own agent."""

from pydantic import Field

from hive_wire.live import AgentStatus, LiveEvent
from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import AGENT_SERVICE, Verb

OPERATOR = frozenset({Role.OPERATOR})
OBSERVERS = frozenset({Role.OPERATOR, Role.CORE})


class LiveHistoryRequest(Wire):
    """A page of an agent's live events: the last ones, or those before or after a number."""

    before: int | None = Field(default=None, ge=0, le=2**63 - 1)
    after: int | None = Field(default=None, ge=0, le=2**63 - 1)
    limit: int = Field(default=500, ge=1, le=2000)


class LiveHistory(Wire):
    """Live events, oldest first. `more`: there are more in the direction asked for."""

    events: list[LiveEvent]
    more: bool


class ModelRequest(Wire):
    """A model to use from the next turn on."""

    model: str = Field(min_length=1, max_length=200)


STATUS = Verb(AGENT_SERVICE, "status", Empty, AgentStatus, OBSERVERS, "The agent's state now.")
HISTORY = Verb(
    AGENT_SERVICE, "history", LiveHistoryRequest, LiveHistory, OBSERVERS, "A page of the agent's live events."
)
CANCEL = Verb(AGENT_SERVICE, "cancel", Empty, AgentStatus, OPERATOR, "Interrupt the running turn.")
RETRY = Verb(
    AGENT_SERVICE,
    "retry",
    Empty,
    AgentStatus,
    OPERATOR,
    "Hand a cancelled turn's messages to the agent again.",
)
DISMISS = Verb(AGENT_SERVICE, "dismiss", Empty, AgentStatus, OPERATOR, "Drop a cancelled turn's messages as done.")
COMPACT = Verb(AGENT_SERVICE, "compact", Empty, AgentStatus, OPERATOR, "Compact the session when the turn has ended.")
NEW_SESSION = Verb(
    AGENT_SERVICE,
    "new_session",
    Empty,
    AgentStatus,
    OPERATOR,
    "Begin the next turn without the old conversation.",
)
SET_MODEL = Verb(
    AGENT_SERVICE,
    "set_model",
    ModelRequest,
    AgentStatus,
    OPERATOR,
    "Use another model from the next turn on.",
)
CHECK_LOGIN = Verb(
    AGENT_SERVICE,
    "check_login",
    Empty,
    AgentStatus,
    OBSERVERS,
    "Look at once whether a login or key is there.",
)

CHECK_READY = Verb(
    AGENT_SERVICE,
    "check_ready",
    Empty,
    AgentStatus,
    OBSERVERS,
    "Serve the tools, if that has not begun yet, and say the agent's state: what a deploy looks for.",
    seconds=20,
)

VERBS = (STATUS, HISTORY, CANCEL, RETRY, DISMISS, COMPACT, NEW_SESSION, SET_MODEL, CHECK_LOGIN, CHECK_READY)
