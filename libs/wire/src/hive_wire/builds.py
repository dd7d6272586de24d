"""What was done to agents and what it printed meanwhile, a build above all: what lifecycle answers and tells."""

from pydantic import Field

from hive_wire.lifecycle import OBSERVERS, SERVICE
from hive_wire.model import Id, Timestamp, Wire
from hive_wire.verb import Event, Verb

OUTPUT_LINES_MAX = 2000


class ActionView(Wire):
    """One action on one agent: under way while it has no end."""

    id: int
    agent: str
    kind: str
    """`spawn`, `start`, `deploy`, …"""
    requested_by: str
    begun_at: Timestamp
    ended_at: Timestamp | None = None
    step: str | None = None
    """The step under way: `build`, `settle`, `health`, …"""
    error: str | None = None
    """Why it failed; while it is under way, why it is being undone."""
    approval: int | None = None
    """The approval that it carries out."""
    lines: int = 0
    """How many lines it printed."""


class ActionsRequest(Wire):
    """A page of actions, the last one first."""

    agent: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=30, ge=1, le=200)
    before: Id | None = None
    """Only actions with a smaller id."""


class ActionList(Wire):
    """Actions, the last one first."""

    actions: list[ActionView]
    more: bool = False


class OutputLine(Wire):
    """One line that an action printed; `n` counts from 1 without a gap."""

    n: int
    at: Timestamp
    text: str


class OutputRequest(Wire):
    """The lines of one action behind line `after`."""

    action: Id
    after: int = Field(default=0, ge=0)
    limit: int = Field(default=500, ge=1, le=OUTPUT_LINES_MAX)


class OutputPage(Wire):
    """Lines, oldest first."""

    action: ActionView
    lines: list[OutputLine]
    more: bool = False


class Printed(Wire):
    """An action went on printing."""

    action: int
    agent: str
    lines: list[OutputLine]


ACTIONS = Verb(SERVICE, "actions", ActionsRequest, ActionList, OBSERVERS, "What was done to agents, the last first.")
OUTPUT = Verb(
    SERVICE, "output", OutputRequest, OutputPage, OBSERVERS, "What an action printed, also while it is under way."
)
PRINTED = Event(SERVICE, "action", "printed", Printed, "An action printed lines.")
VERBS = (ACTIONS, OUTPUT)
EVENTS = (PRINTED,)
