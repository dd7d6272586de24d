"""The tools: what each is for, in words that an agent can act on, and what it calls."""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from hive_kit.bus import Bus
from hive_wire import broker
from hive_wire.broker import Cause, Message, RecvReply
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire

from hive_harness.mail import Mail, Receiving, ids_of
from hive_harness.mcp.arguments import (
    Arguments,
    MessageStatusArguments,
    NoArguments,
    RecentArguments,
    RecentResult,
    RecvArguments,
    RecvResult,
    SendArguments,
    SendResult,
    WhoamiResult,
)
from hive_harness.rendering import render
from hive_harness.settings import Settings
from hive_harness.turns.turn import Turn

log = structlog.get_logger()

_CALL_SECONDS = 30.0
_UNCERTAIN = frozenset({ErrorCode.TIMEOUT, ErrorCode.DISCONNECTED, ErrorCode.UNAVAILABLE, ErrorCode.BUSY})


@dataclass(frozen=True)
class Tool:
    """One tool. `call` takes its checked arguments and gives a structured result with its text."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[Wire]
    call: Callable[[Any], Awaitable[tuple[Wire, str]]]  # Any: this tool's own arguments
    read_only: bool = False
    idempotent: bool = False
    as_text: bool = False
    """The agent is to read the text: Claude Code shows a structured result in its place where there is one, so it
    then goes along as metadata."""


class Tools:
    """The tools of one agent. `turn` gives the turn that runs, which mail taken by `recv` becomes part of."""

    def __init__(self, settings: Settings, bus: Bus, mail: Mail, turn: Callable[[], Turn | None]) -> None:
        self._settings, self._bus, self._mail, self._turn = settings, bus, mail, turn
        self._uncertain: dict[str, str] = {}
        self._abandoned: set[asyncio.Task[None]] = set()

    def all(self) -> list[Tool]:
        """Every tool that this agent has."""
        return [
            Tool(
                "send", "Send a message",
                "Send a message to an agent, to `manager` or to `operator`. Returns once it is stored durably (state "
                "`stored`), not when it was read; `message_status` tells what becomes of it. An error "
                "`unknown_recipient` lists who there is; `slow_down` says when to try again.",
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
            Tool(
                "whoami", "Who you are",
                "Say your name, your role, the operator's pronouns, the configuration's revision and your folder.",
                NoArguments, WhoamiResult, self._whoami, read_only=True, idempotent=True,
            ),
        ]  # fmt: skip

    async def _send(self, arguments: SendArguments) -> tuple[SendResult, str]:
        """A send whose outcome stayed unknown keeps its key, so that the agent's own retry stores nothing twice."""
        content = hashlib.sha256(arguments.model_dump_json().encode()).hexdigest()
        key = self._uncertain.get(content) or uuid.uuid4().hex
        request = broker.SendRequest(**arguments.model_dump(), key=key)
        try:
            reply = await self._within(self._bus.call_persistently(broker.SEND, request))
        except Refusal as refusal:
            if refusal.code in _UNCERTAIN:
                self._uncertain[content] = key
            raise
        self._uncertain.pop(content, None)
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
        request = broker.MessageId(id=arguments.id)
        message = await self._within(self._bus.call_persistently(broker.MESSAGE_STATUS, request))
        return message, _describe(message)

    async def _recent(self, arguments: RecentArguments) -> tuple[RecentResult, str]:
        request = broker.RecentRequest(limit=arguments.limit)
        reply = await self._within(self._bus.call_persistently(broker.RECENT, request))
        lines = [f"{_describe(message)}\n    {_first_line(message.body)}" for message in reply.messages]
        text = "\n".join(lines) if lines else "The inbox is empty."
        return RecentResult(messages=reply.messages, more=reply.more), text

    async def _whoami(self, _arguments: NoArguments) -> tuple[WhoamiResult, str]:
        settings = self._settings
        result = WhoamiResult(
            name=settings.agent,
            role=settings.role,
            operator_pronouns=settings.operator_pronouns,
            revision=settings.revision,
            state_dir=str(settings.state_dir),
        )
        text = (
            f"You are {result.name} ({result.role}), revision {result.revision}, working in {result.state_dir}. "
            f"The operator: {result.operator_pronouns}."
        )
        return result, text

    async def _within(self, work: Awaitable[Any]) -> Any:  # Any: the verb's reply
        try:
            return await asyncio.wait_for(work, _CALL_SECONDS)
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT, f"no answer within {_CALL_SECONDS:g} s; repeat the very same call to be sure"
            ) from None


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
