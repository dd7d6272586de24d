"""Senders and simulated agents: the load of a storm, and what they write into the ledger."""

import asyncio
import random
import time
from pathlib import Path

from hive_kit.bus import Bus
from hive_kit.identity import SigningKey, mint
from hive_kit.swarm import SwarmConfig
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.permissions import SigningRole

from tests.chaos.ledger import Ledger

_AGAIN = {
    ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.TIMEOUT, ErrorCode.BUSY, ErrorCode.SLOW_DOWN,
}  # fmt: skip


def mint_creds(swarm: SwarmConfig, name: str) -> Path:
    """Credentials of a simulated agent, made with the swarm's own signing key."""
    path = swarm.state / f"{name}.creds"
    key = SigningKey.load(swarm.signing_key(SigningRole.AGENT))
    path.write_text(mint(key, name, int(time.time())).text)
    return path


class Sender:
    """Sends numbered messages, each until it is acknowledged, always with the same key."""

    def __init__(self, bus: Bus, name: str, ledger: Ledger, chance: random.Random) -> None:
        self._bus = bus
        self._name = name
        self._ledger = ledger
        self._chance = chance

    async def send_all(self, count: int, recipients: list[str], pace_seconds: float) -> None:
        """Send `count` messages to recipients drawn at random."""
        for number in range(count):
            to = self._chance.choice(recipients)
            await self._send(wire.SendRequest(to=to, body=f"{self._name} {number}", key=f"{self._name}-{number}"))
            if pace_seconds:
                await asyncio.sleep(pace_seconds)

    async def _send(self, request: wire.SendRequest) -> None:
        while True:
            try:
                reply = await self._bus.call(wire.SEND, request)
            except Refusal as refusal:
                if refusal.code not in _AGAIN:
                    raise
                self._ledger.refused += 1
                await asyncio.sleep(float(refusal.details.get("retry_after_seconds", 0.05)))
            else:
                self._ledger.sent(reply.id, request.to, f"{self._bus.principal}/{request.key}")
                return


class SimulatedAgent:
    """Takes mail as a harness does; its turns end well, fail, or are cut off as by a kill."""

    def __init__(self, swarm: SwarmConfig, name: str, ledger: Ledger, chance: random.Random) -> None:
        self.name = name
        self._creds = mint_creds(swarm, name)
        self._url = swarm.nats_url
        self._ledger = ledger
        self._chance = chance
        self._turns = 0

    async def run(self) -> None:
        """Live, die and start again until cancelled."""
        while True:
            bus = await Bus.connect(self._url, self.name, self._creds)
            try:
                await self._live(bus)
            except Refusal as refusal:
                if refusal.code is not ErrorCode.STALE_EPOCH:
                    raise
            finally:
                await bus.close()

    async def _live(self, bus: Bus) -> None:
        start = f"{self.name}-{self._chance.getrandbits(64):x}"
        begun = await bus.call_persistently(wire.REQUEUE_INFLIGHT, wire.RequeueRequest(start_key=start))
        while True:
            self._turns += 1
            turn = f"{start}-{self._turns}"
            request = wire.RecvRequest(epoch=begun.epoch, turn=turn, key=turn, wait_seconds=2)
            batch = (await bus.call_persistently(wire.RECV, request, timeout=5)).messages
            for message in batch:
                self._ledger.received(self.name, message.id, turn, message.redelivered)
            if not batch:
                continue
            ids = [message.id for message in batch]
            fate = self._chance.random()
            if fate < 0.02:
                return  # as if killed: nothing is acked, the next start begins a new epoch
            if fate < 0.05:
                nack = wire.NackRequest(
                    epoch=begun.epoch, turn=turn, ids=ids, reason="simulated", cause=wire.Cause.OUTAGE
                )
                await bus.call_persistently(wire.NACK, nack)
                continue
            await bus.call_persistently(wire.ACK_TURN, wire.AckRequest(epoch=begun.epoch, turn=turn, ids=ids))
            self._ledger.acked.update(ids)
