"""Messages: sending, taking, and what became of them."""

import asyncio
from collections.abc import Callable

import structlog
from hive_wire import broker
from hive_wire.broker import RECV_MAX, RECV_WAIT_SECONDS, Cause, Delivery, Message, MessageState, RecvReply
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Timestamp, Wire
from pydantic import Field

from hive_harness.mail import Mail, Receiving, ids_of
from hive_harness.mcp.tools.tool import Arguments, Calls, Tool
from hive_harness.rendering import render
from hive_harness.turns.turn import Turn

log = structlog.get_logger()


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


class MailTools:
    """`turn` gives the turn that runs, which mail taken by `recv` becomes part of."""

    def __init__(self, calls: Calls, mail: Mail, turn: Callable[[], Turn | None]) -> None:
        self._calls, self._mail, self._turn = calls, mail, turn
        self._abandoned: set[asyncio.Task[None]] = set()

    def all(self) -> list[Tool]:
        """Every agent's."""
        return [
            Tool(
                "send", "Send a message",
                "Send a message to an agent, to `manager` or to `operator`. Returns once it is stored durably (state "
                "`stored`), not when it was read; `message_status` tells what becomes of it. An error "
                "`unknown_recipient` lists who there is; `not_allowed` lists whom your configuration lets you write "
                "to; `slow_down` says when to try again.",
                SendArguments, SendResult, self._send,
            ),
            Tool(
                "recv", "Take new messages",
                "Take new messages during this turn; they are then part of the turn. With `wait_seconds` it returns "
                "the moment one comes, or empty after that time: use it when a reply is due within minutes, instead of "
                "sleeping. When a reply may take longer, end the turn; new mail wakes you.",
                RecvArguments, RecvResult, self._recv, as_text=True,
            ),
            Tool(
                "message_status", "What became of a message",
                "Say what became of a message that you sent or received: pending, in flight (handed out in a turn that "
                "still runs), acked (its turn ended well), or dead with the reason, with times and how often it was "
                "put back.",
                MessageStatusArguments, Message, self._message_status, read_only=True, idempotent=True,
            ),
            Tool(
                "recent", "Look at the inbox",
                "List the last messages of your inbox with their states. Takes nothing out: messages that are pending "
                "still come by `recv` or in the next turn.",
                RecentArguments, RecentResult, self._recent, read_only=True, idempotent=True, as_text=True,
            ),
        ]  # fmt: skip

    async def _send(self, arguments: SendArguments) -> tuple[SendResult, str]:
        reply = await self._calls.keyed(broker.SEND, arguments)
        result = SendResult(
            id=reply.id, state=reply.state, to=arguments.to, stored_at=reply.stored_at, repeated=reply.repeated
        )
        return result, f"Stored as #{reply.id} for {arguments.to}; not delivered yet."

    async def _recv(self, arguments: RecvArguments) -> tuple[RecvResult, str]:
        turn = self._turn()
        if turn is None:
            raise Refusal(ErrorCode.NO_TURN, "no turn is running; new mail wakes you in the next one")
        receiving = Receiving(turn.id, arguments.wait_seconds, arguments.max)
        taking = asyncio.create_task(self._mail.receive(receiving), name="recv-tool")
        try:
            reply = await asyncio.shield(taking)
        except asyncio.CancelledError:
            self._abandon(turn, taking)
            raise
        turn.ids.extend(ids_of(reply.messages))
        return RecvResult(messages=reply.messages, waiting=reply.waiting), render(reply.messages, reply.waiting)

    def _abandon(self, turn: Turn, taking: "asyncio.Task[RecvReply]") -> None:
        """Claude no longer waits: what still comes goes back in line, since nobody read it."""

        async def put_back() -> None:
            try:
                reply = await taking
                if reply.messages:
                    await self._mail.nack(turn.id, ids_of(reply.messages), "nobody waited for it", Cause.CANCELLED)
            except Exception as error:  # a task's edge: at worst the next start requeues them
                log.warning("abandoned_recv_failed", error=str(error))

        task = asyncio.create_task(put_back(), name="put-back")
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)

    async def _message_status(self, arguments: MessageStatusArguments) -> tuple[Message, str]:
        message = await self._calls.repeat(broker.MESSAGE_STATUS, broker.MessageId(id=arguments.id))
        return message, _describe(message)

    async def _recent(self, arguments: RecentArguments) -> tuple[RecentResult, str]:
        reply = await self._calls.repeat(broker.RECENT, broker.RecentRequest(limit=arguments.limit))
        lines = [f"{_describe(message)}\n    {_first_line(message.body)}" for message in reply.messages]
        text = "\n".join(lines) if lines else "The inbox is empty."
        return RecentResult(messages=reply.messages, more=reply.more), text


def _describe(message: Message) -> str:
    facts = [f"#{message.id} from {message.sender} to {message.recipient}: {message.state}"]
    facts.append(f"stored {message.stored_at:%Y-%m-%d %H:%M:%S}")
    if message.delivered_at is not None:
        facts.append(f"delivered {message.delivered_at:%H:%M:%S} in turn {message.turn}")
    if message.acked_at is not None:
        facts.append(f"acked {message.acked_at:%H:%M:%S}")
    if message.redelivered:
        facts.append(f"put back {message.redelivered} times")
    if message.dead_reason:
        facts.append(f"dead: {message.dead_reason}")
    return ", ".join(facts)


def _first_line(body: str) -> str:
    line = body.strip().split("\n", 1)[0]
    return line if len(line) <= 100 else f"{line[:99]}…"
