"""A small swarm under attack: a real server and broker, victims that note what reaches them, a witness of all."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hive_kit.bus import Bus, Caller, Service
from hive_kit.identity import parse_creds
from hive_kit.testing import ServiceProcess, TestNats, swarm_nats
from hive_wire import agent, approvals, broker, dashboard, lifecycle, revoker
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.names import SERVICES
from nats.aio.msg import Msg

from tests.contract.hostile_client import Heard, HostileClient

SECRET = "only-bob-and-the-operator-know"
OWN = ("hive.from.scout.", "hive.live.scout.", "_INBOX.scout.")
_DOORS = {"lifecycle": lifecycle, "approvals": approvals, "dashboard": dashboard, "revoker": revoker}


@dataclass
class Swarm:
    """The parts, and what an attempt leaves behind in them."""

    nats: TestNats
    broker: ServiceProcess
    operator: Bus
    bob: Bus
    core: Bus
    scout: HostileClient
    witness: Bus
    seen: list[Msg]
    reached: list[str]
    """What victims were made to do, `<caller> <verb>`; empty while no attempt succeeds."""
    epoch: int
    mail: int
    """A message from the operator that bob has in flight."""
    canary: str = ""
    answers: list[Heard] = field(default_factory=list[Heard])
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def note(self, message: Msg) -> None:
        """What the witness does with each message."""
        self.seen.append(message)
        self._heard.set()

    async def ask(self, verb: str, payload: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Scout calls the broker as itself and gets the reply's JSON. `options` as in `publish`."""
        inbox = f"_INBOX.scout.{secrets.token_hex(8)}"
        number = self.scout.subscribe(inbox)
        self.scout.publish(f"hive.from.scout.broker.{verb}", json.dumps(payload).encode(), inbox, **options)
        await self.scout.until(lambda: any(h.subject == inbox for h in self.scout.heard) or self.scout.closed)
        self.scout.unsubscribe(number)
        answer = next(h for h in self.scout.heard if h.subject == inbox)
        self.scout.heard.remove(answer)
        self.answers.append(answer)
        return json.loads(answer.payload)

    def letter(self, to: str = "bob", **more: Any) -> bytes:
        """A message as the broker would take it, marked."""
        return json.dumps({"to": to, "body": self.canary, "key": secrets.token_hex(8), **more}).encode()

    async def traffic(self) -> None:
        """What others do meanwhile: mail, calls to a harness, an event, a live event."""
        await self.bob.call(broker.SEND, broker.SendRequest(to="operator", body=SECRET, key=secrets.token_hex(8)))
        await self.operator.call(broker.SEND, broker.SendRequest(to="bob", body=SECRET, key=secrets.token_hex(8)))
        await self.operator.call(broker.RECENT, broker.RecentRequest(inbox="bob"))
        await self.bob.publish_live("bob", "text", SECRET.encode())
        await self.bob.sync()

    async def settle(self) -> None:
        """Return when everything that the attempt set off has come to rest."""
        if not self.scout.closed:
            await self.scout.settle()
        # A wrong body is refused after everything that came before it on the same subscription was taken up.
        wrong = json.dumps({"settled": secrets.token_hex(8)}).encode()
        for bus in (self.operator, self.bob):
            try:
                await bus.request(f"hive.from.{bus.principal}.broker.send", wrong, 10)
            except Refusal as refusal:
                assert refusal.code is ErrorCode.BAD_REQUEST, refusal
        async with asyncio.timeout(10):  # a witness that was made deaf would see no evil
            while sum(message.data == wrong for message in self.seen) < 2:
                self._heard.clear()
                await self._heard.wait()

    def leaks(self) -> list[str]:
        """What the attempt reached that is not its own; empty when it failed."""
        found = [f"heard {h.subject}" for h in self.scout.heard if not h.subject.startswith("_INBOX.scout.")]
        found += [
            f"learnt a secret on {h.subject}"
            for h in [*self.scout.heard, *self.answers]
            if SECRET.encode() in h.payload
        ]
        found += [f"made a victim act: {call}" for call in self.reached]
        for message in self.seen:
            carried = message.data + repr(message.headers or {}).encode()
            if self.canary.encode() in carried and not self._is_own(message):
                found.append(f"was carried on {message.subject}")
        return found

    def _is_own(self, message: Msg) -> bool:
        tokens = message.subject.split(".")
        if message.subject.startswith(OWN) or (tokens[0] == "_INBOX" and tokens[2:4] == ["agent", "scout"]):
            return True
        if message.subject.startswith("_INBOX.operator."):
            return self._is_a_list_of_its_own(message.data)
        if not message.subject.startswith("hive.evt.broker."):
            return False
        event = json.loads(message.data)
        told = [event["message"]] if "message" in event else event["receipts"]
        return all(one["sender"] == "scout" for one in told)

    def _is_a_list_of_its_own(self, data: bytes) -> bool:
        """What the operator gets when the test itself looks up what was stored."""
        listed = json.loads(data).get("messages")
        return bool(listed) and all(m["sender"] == "scout" for m in listed if self.canary in m["body"])

    async def forged_mail(self) -> list[broker.Message]:
        """Stored messages with the attempt's mark that say they are somebody else's."""
        history = await self.operator.call(broker.HISTORY, broker.HistoryRequest(limit=500))
        return [m for m in history.messages if self.canary in m.body and (m.sender, m.kind) != ("scout", "message")]

    async def bobs_mail(self) -> broker.Message:
        """The message that bob has in hand."""
        return await self.operator.call(broker.MESSAGE_STATUS, broker.MessageId(id=self.mail))

    async def reconnect(self) -> None:
        """A new connection for scout where the server closed the last one."""
        if self.scout.closed:
            await self.scout.close()
            self.scout = await hostile(self.nats, "scout")

    async def between(self) -> None:
        """Forget the last attempt; the next one gets a mark of its own."""
        await self.reconnect()
        self.canary = f"canary-{secrets.token_hex(8)}"
        self.seen.clear()
        self.reached.clear()
        self.scout.heard.clear()
        self.scout.errors.clear()
        self.answers.clear()


async def hostile(nats: TestNats, name: str) -> HostileClient:
    """A raw connection with a principal's own credentials."""
    return await HostileClient.connect(nats.port, parse_creds(nats.creds(name).read_text()))


@asynccontextmanager
async def attacked_swarm(folder: Path) -> AsyncGenerator[Swarm]:
    """Everything up, bob with a message in flight, scout connected."""
    async with swarm_nats(folder) as nats:
        process = ServiceProcess("hive_broker", nats.settings("broker"), nats.folder)
        try:
            await process.start()
            reached: list[str] = []
            core = await _victims(nats, reached)
            operator, bob = await nats.bus("operator"), await nats.bus("bob")
            epoch, mail = await _letter_in_flight(core, operator, bob)
            witness = await nats.bus("administrator")
            scout = await hostile(nats, "scout")
            swarm = Swarm(nats, process, operator, bob, core, scout, witness, [], reached, epoch, mail)
            await witness.nats.subscribe(">", cb=swarm.note)
            await witness.sync()
            yield swarm
            await swarm.scout.close()
            assert await process.terminate() == 0
        finally:
            process.kill()


async def _victims(nats: TestNats, reached: list[str]) -> Bus:
    """Services and bob's harness: whatever reaches a handler is noted."""

    def noting(verb: str) -> Any:
        async def handle(caller: Caller, _request: Wire) -> Wire:
            reached.append(f"{caller.principal} {verb}")
            raise Refusal(ErrorCode.NOT_FOUND, "a victim's answer")

        return handle

    for name, module in _DOORS.items():
        service = Service(await nats.bus(name), name, "1.0.0", "a victim")
        for verb in module.VERBS:
            service.add(verb, noting(verb.full_name))
        await service.start()
    harness = Service(await nats.bus("bob"), "agent", "1.0.0", "a victim", agent="bob")
    for verb in agent.VERBS:
        harness.add(verb, noting(verb.full_name))
    await harness.start()
    assert set(_DOORS) | {"broker"} == set(SERVICES)
    return await nats.bus("lifecycle")


async def _letter_in_flight(core: Bus, operator: Bus, bob: Bus) -> tuple[int, int]:
    for name in ("scout", "bob", "manager"):
        await core.call(broker.OPEN_INBOX, broker.InboxName(name=name))
    sent = await operator.call(broker.SEND, broker.SendRequest(to="bob", body=SECRET, key="k"))
    begun = await bob.call(broker.REQUEUE_INFLIGHT, broker.RequeueRequest(start_key="s"))
    await bob.call(broker.RECV, broker.RecvRequest(epoch=begun.epoch, turn="t", key="r"))
    return begun.epoch, sent.id
