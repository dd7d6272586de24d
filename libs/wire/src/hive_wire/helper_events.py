"""Helper events: typed system messages, one JSON shape each, put into an inbox because something happened elsewhere.

The body of such a message is the JSON of one of these; its kind is `system`.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.model import Timestamp, Wire


class ApprovalResolved(Wire):
    """An approval was approved, denied, superseded, or its deploy failed. To the manager."""

    event: Literal["approval_resolved"] = "approval_resolved"
    id: int
    agent: str
    kind: ApprovalKind
    status: ApprovalStatus
    note: str | None
    """The operator's reason, the build's error, or what to do now."""


class QuestionAsked(Wire):
    """Another agent asks; answer with the tool `answer`. To the asked agent."""

    event: Literal["question_asked"] = "question_asked"
    id: int
    asker: str
    question: str
    options: list[str]
    multi: bool
    deadline: Timestamp | None


class QuestionAnswered(Wire):
    """A question has its answer. To its asker."""

    event: Literal["question_answered"] = "question_answered"
    id: int
    question: str
    answer: str
    answerer: str
    """`operator`, an agent's name, or `ttl-watchdog`."""
    outcome: str
    """`answered`, `cancelled` or `expired`."""


class AgentEvent(Wire):
    """An action on an agent ended. To the manager."""

    event: Literal["spawned", "rebuilt", "started", "stopped", "killed", "destroyed"]
    agent: str
    ok: bool
    error: str | None = None
    purged: bool | None = None
    """Only for `destroyed`: whether its state and configuration went, too."""


class ContainerCrash(Wire):
    """A running container went away by itself. To the manager."""

    event: Literal["container_crash"] = "container_crash"
    agent: str
    exit: str | None


class AgentNotice(Wire):
    """An agent's state changed. To the manager."""

    event: Literal["needs_login", "logged_in", "needs_update"]
    agent: str


HelperEvent = ApprovalResolved | QuestionAsked | QuestionAnswered | AgentEvent | ContainerCrash | AgentNotice
MODELS = (ApprovalResolved, QuestionAsked, QuestionAnswered, AgentEvent, ContainerCrash, AgentNotice)
_ANY: TypeAdapter[HelperEvent] = TypeAdapter(Annotated[HelperEvent, Field(discriminator="event")])


def parse(body: str) -> HelperEvent:
    """The event in a system message's body. Raises pydantic's ValidationError where it holds none."""
    return _ANY.validate_json(body)
