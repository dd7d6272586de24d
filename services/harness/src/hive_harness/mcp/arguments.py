"""What the tools take and give. The docstrings are what the agent reads."""

from hive_wire.broker import RECV_MAX, RECV_WAIT_SECONDS, Delivery, Message, MessageState
from hive_wire.model import Timestamp, Wire
from pydantic import BaseModel, ConfigDict, Field


class Arguments(BaseModel):
    """Arguments of a tool; unknown ones are refused, so that a misnamed one is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SendArguments(Arguments):
    """A message to send."""

    to: str = Field(min_length=1, max_length=64)
    """An agent's name, `manager` or `operator`."""
    body: str = Field(min_length=1)
    """The text; Markdown is welcome. Larger content (over 256 KiB) belongs in a file that the text names."""
    in_reply_to: int | None = Field(default=None, ge=1)
    """The number of the message that this one answers."""


class RecvArguments(Arguments):
    """How to wait for mail."""

    wait_seconds: float = Field(default=0, ge=0, le=RECV_WAIT_SECONDS)
    """How long to wait for the first message, at most 180; 0 looks without waiting."""
    max: int = Field(default=RECV_MAX, ge=1, le=RECV_MAX)
    """How many messages to take at most."""


class MessageStatusArguments(Arguments):
    """Which message."""

    id: int = Field(ge=1)
    """The message's number."""


class RecentArguments(Arguments):
    """How far back."""

    limit: int = Field(default=20, ge=1, le=100)
    """How many messages to list."""


class NoArguments(Arguments):
    """Takes nothing."""


class SendResult(Wire):
    """The message is on disk; it is not delivered yet."""

    id: int
    state: MessageState
    to: str
    stored_at: Timestamp
    repeated: bool
    """This very message had been stored before, by a call whose reply was lost."""


class RecvResult(Wire):
    """Messages, now part of this turn."""

    messages: list[Delivery]
    waiting: int
    """How many more are in the inbox."""


class RecentResult(Wire):
    """The last messages of the inbox, oldest first."""

    messages: list[Message]
    more: bool


class WhoamiResult(Wire):
    """Who the agent is."""

    name: str
    role: str
    operator_pronouns: str
    revision: str
    state_dir: str
