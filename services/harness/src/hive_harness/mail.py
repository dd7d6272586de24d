"""The agent's mail at the broker: every call is keyed or repeatable, and repeated until the broker itself answers."""

import uuid
from dataclasses import dataclass, field

from hive_kit.bus import Bus
from hive_wire import broker
from hive_wire.broker import Cause, Delivery, RecvReply
from hive_wire.errors import ErrorCode, Refusal


class ReplacedError(Exception):
    """A newer start of this agent's harness has taken over; this one has to go."""


@dataclass(frozen=True)
class Receiving:
    """One request for mail; asked again under the same key, it gives the same batch."""

    turn: str
    wait_seconds: float
    max: int = broker.RECV_MAX
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Mail:
    """Talks to the broker as this agent, under the epoch of this start."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._start_key = uuid.uuid4().hex
        self.epoch = 0

    async def begin(self) -> int:
        """Put back what was in flight and begin a new epoch; returns how many messages went back."""
        request = broker.RequeueRequest(start_key=self._start_key)
        reply = await self._bus.call_persistently(broker.REQUEUE_INFLIGHT, request)
        self.epoch = reply.epoch
        return reply.requeued

    async def receive(self, receiving: Receiving) -> RecvReply:
        """Take mail. Raises ReplacedError."""
        request = broker.RecvRequest(
            epoch=self.epoch,
            turn=receiving.turn,
            key=receiving.key,
            wait_seconds=receiving.wait_seconds,
            max=receiving.max,
        )
        try:
            return await self._bus.call_persistently(broker.RECV, request, timeout=receiving.wait_seconds + 10)
        except Refusal as refusal:
            raise _replaced_or(refusal) from refusal

    async def ack(self, turn: str, ids: list[int]) -> None:
        """Ack the messages of a turn. Raises ReplacedError."""
        request = broker.AckRequest(epoch=self.epoch, turn=turn, ids=ids)
        try:
            await self._bus.call_persistently(broker.ACK_TURN, request)
        except Refusal as refusal:
            raise _replaced_or(refusal) from refusal

    async def nack(self, turn: str, ids: list[int], reason: str, cause: Cause) -> None:
        """Put the messages of a turn back. Raises ReplacedError."""
        request = broker.NackRequest(epoch=self.epoch, turn=turn, ids=ids, reason=reason[:4000], cause=cause)
        try:
            await self._bus.call_persistently(broker.NACK, request)
        except Refusal as refusal:
            raise _replaced_or(refusal) from refusal


def ids_of(messages: list[Delivery]) -> list[int]:
    """The numbers of the messages, in order."""
    return [message.id for message in messages]


def _replaced_or(refusal: Refusal) -> Exception:
    if refusal.code is ErrorCode.STALE_EPOCH:
        return ReplacedError(refusal.message)
    return refusal
