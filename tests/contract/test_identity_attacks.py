"""Everything that an agent's own credentials and a raw socket can try against the others' identities. None succeeds.

Each attempt says how it fails (NATS denies it, the server hangs up, the service refuses or ignores it, or it counts
as scout's own); after each, nothing of it was carried, stored, heard or done in anybody else's name.
"""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from hive_kit.identity import Creds, SigningKey, jwt, mint, parse_creds
from hive_wire import broker
from hive_wire.broker import MessageState
from hive_wire.catalog import VERBS
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.names import RESERVED, SERVICES, Role
from hive_wire.permissions import SigningRole
from hive_wire.verb import AGENT_SERVICE

from tests.contract.attacked_swarm import Swarm, attacked_swarm, hostile
from tests.contract.hostile_client import DENIED, HostileClient

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("identity attacks")]

Act = Callable[[Swarm], Awaitable[None]]


@dataclass(frozen=True)
class Attempt:
    """One way to be somebody else. `act` tries it and asserts how it failed."""

    name: str
    act: Act


# --- how an attempt may fail -----------------------------------------------------------------------------------------


def denied(name: str, *commands: Callable[[Swarm], None], traffic: bool = False) -> Attempt:
    """NATS itself says no, to each command."""

    async def act(swarm: Swarm) -> None:
        for command in commands:
            command(swarm)
        await swarm.scout.settle()
        assert len(swarm.scout.errors) == len(commands), swarm.scout.errors
        assert all(error.startswith(DENIED) for error in swarm.scout.errors), swarm.scout.errors
        if traffic:
            await swarm.traffic()

    return Attempt(f"{name} (denied by NATS)", act)


def ignored(name: str, *commands: Callable[[Swarm], None]) -> Attempt:
    """NATS lets it through on scout's own subject; the service drops it without a word."""

    async def act(swarm: Swarm) -> None:
        for command in commands:
            command(swarm)
        await swarm.scout.settle()
        assert not swarm.scout.errors
        before = len(swarm.scout.heard)
        await swarm.settle()
        assert len(swarm.scout.heard) == before
        assert await stored(swarm) == []

    return Attempt(f"{name} (dropped by the service)", act)


def rejected(name: str, *commands: Callable[[Swarm], None]) -> Attempt:
    """The server does not take it for a message at all: an error or the end of the connection."""

    async def act(swarm: Swarm) -> None:
        for command in commands:
            command(swarm)
        await swarm.scout.settle()
        assert swarm.scout.errors or swarm.scout.closed
        assert await stored(swarm) == []

    return Attempt(f"{name} (refused by the server)", act)


def harmless(name: str, *commands: Callable[[Swarm], None]) -> Attempt:
    """Taken, but it reaches nobody and does nothing; the checks after each attempt say so."""

    async def act(swarm: Swarm) -> None:
        for command in commands:
            command(swarm)
        await swarm.scout.settle()
        await swarm.traffic()
        assert await stored(swarm) == []

    return Attempt(f"{name} (reaches nobody)", act)


def refused(name: str, verb: str, payload: Callable[[Swarm], dict[str, Any]], code: ErrorCode) -> Attempt:
    """The service answers scout with a refusal."""

    async def act(swarm: Swarm) -> None:
        answer = await swarm.ask(verb, payload(swarm))
        assert answer.get("code") == code, answer

    return Attempt(f"{name} ({code})", act)


def as_itself(name: str, headers: bytes = b"", **fields: Any) -> Attempt:
    """The message is stored as scout's own, whatever it says of itself."""

    async def act(swarm: Swarm) -> None:
        answer = await swarm.ask("send", json.loads(swarm.letter(**fields)), headers=headers)
        assert "id" in answer, answer
        (message,) = await stored(swarm)
        assert (message.sender, message.kind, message.state) == ("scout", "message", MessageState.PENDING)

    return Attempt(f"{name} (counts as scout's own)", act)


def turned_away(name: str, connect: Callable[[Swarm], Awaitable[HostileClient]]) -> Attempt:
    """The server does not let the connection in."""

    async def act(swarm: Swarm) -> None:
        client = await connect(swarm)
        try:
            assert client.closed
            assert any("authorization" in error or "authentication" in error for error in client.errors), client.errors
        finally:
            await client.close()

    return Attempt(f"{name} (not let in)", act)


async def stored(swarm: Swarm) -> list[broker.Message]:
    history = await swarm.operator.call(broker.HISTORY, broker.HistoryRequest(limit=200))
    return [message for message in history.messages if swarm.canary in message.body]


# --- what an attempt does --------------------------------------------------------------------------------------------


def say(subject: str, reply: str = "_INBOX.scout.x", headers: bytes = b"") -> Callable[[Swarm], None]:
    """Publish a letter on a subject."""
    return lambda swarm: swarm.scout.publish(subject, swarm.letter(), reply, headers)


def listen(subject: str, queue: str = "") -> Callable[[Swarm], None]:
    return lambda swarm: swarm.scout.subscribe(subject, queue) and None


def raw(text: str) -> Callable[[Swarm], None]:
    """Bytes as they are; `CANARY` stands for the attempt's mark."""
    return lambda swarm: swarm.scout.send(text.replace("CANARY", swarm.canary).encode())


OTHERS = ("bob", "manager", "operator", "system", "core", "agent", *SERVICES)
JS_API = (
    "INFO", "ACCOUNT.INFO", "ACCOUNT.PURGE.HIVE", "STREAM.CREATE.HIVE", "STREAM.CREATE.STEAL", "STREAM.UPDATE.HIVE",
    "STREAM.NAMES", "STREAM.LIST", "STREAM.INFO.HIVE", "STREAM.DELETE.HIVE", "STREAM.PURGE.HIVE",
    "STREAM.MSG.GET.HIVE", "STREAM.MSG.DELETE.HIVE", "STREAM.SNAPSHOT.HIVE", "STREAM.RESTORE.HIVE",
    "STREAM.PEER.REMOVE.HIVE", "STREAM.LEADER.STEPDOWN.HIVE", "DIRECT.GET.HIVE",
    "DIRECT.GET.HIVE.hive.evt.broker.message.stored", "CONSUMER.CREATE.HIVE", "CONSUMER.CREATE.HIVE.steal",
    "CONSUMER.CREATE.HIVE.steal.hive.evt.>", "CONSUMER.DURABLE.CREATE.HIVE.steal", "CONSUMER.NAMES.HIVE",
    "CONSUMER.LIST.HIVE", "CONSUMER.INFO.HIVE.x", "CONSUMER.DELETE.HIVE.x", "CONSUMER.MSG.NEXT.HIVE.x",
    "CONSUMER.PAUSE.HIVE.x", "CONSUMER.RESET.HIVE.x", "CONSUMER.UNPIN.HIVE.x", "META.LEADER.STEPDOWN",
    "SERVER.REMOVE",
)  # fmt: skip
SYSTEM = (
    "$SYS.REQ.USER.INFO", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.CLAIMS.DELETE", "$SYS.REQ.CLAIMS.LIST", "$SYS.REQ.SERVER.X.RELOAD",
    "$SYS.REQ.SERVER.X.KICK", "$SYS.REQ.USER.AUTH", "$SYS.ACCOUNT.X.CONNECT", "$SYS.DEBUG.SUBSCRIBERS",
    "$SRV.PING", "$SRV.INFO.broker", "$SRV.STATS", "$JS.ACK.HIVE.x.1.1.1.1.0", "$JS.FC.HIVE.x.y", "$KV.x.y",
    "$O.x.C.y", "$MQTT.msgs.x", "$G.x", "$NRG.x", "_R_.x", "_GR_.x", "$LDS.x", "$GNR.x",
)  # fmt: skip
LISTENING = (
    ">", "*", "*.>", "hive.>", "hive.*.>", "hive.from.>", "hive.from.*.broker.recv", "hive.from.*.broker.send",
    "hive.from.bob.>", "hive.from.operator.>", "hive.from.*.lifecycle.*", "hive.from.*.revoker.revoke",
    "hive.from.scout.broker.send", "hive.from.*.agent.*.*", "hive.from.*.agent.bob.*", "hive.from.*.agent.>",
    "hive.from.operator.agent.bob.cancel", "hive.evt.>", "hive.evt.broker.message.stored",
    "hive.live.>", "hive.live.bob.*", "hive.live.scout.*", "_INBOX.>", "_INBOX.*", "_INBOX.*.>", "_INBOX.bob.>",
    "_INBOX.operator.>", "_INBOX.broker.>", "_INBOX.*.agent.scout.>", "_INBOX.operator.agent.scout.>",
    "$SYS.>", "$JS.>", "$JS.API.>", "$JS.EVENT.ADVISORY.>", "$SRV.>", "$SRV.PING", "$KV.>", "$MQTT.>", "_R_.>",
)  # fmt: skip
TRICKS = (
    "hive.from.*.broker.send", "hive.from.>", "hive.from.scout.broker.*", "hive.from.scout.>", "hive.from.scout.*.send",
    "*.from.scout.broker.send", "HIVE.FROM.scout.broker.send", "hive.from.SCOUT.broker.send",
    "hive.from.scout.broker.SEND", "hive.from.Bob.broker.send", "hive.from.BOB.broker.send",
    "hive.from.scout.bob.broker.send", "hive.from.scout.broker.send.extra", "hive.from.bob.scout.broker.send",
    "hive.from.b\u043eb.broker.send", "hive.from.bob\u200b.broker.send", "hive.from.bob\x00.broker.send",
    "hive.from.bob%2e.broker.send", "hive.from.../bob.broker.send", "hive.evt.broker.message.stored",
    "hive.evt.lifecycle.agent.spawned", "hive.evt.approvals.approval.approved", "hive.evt.scout.agent.changed",
    "hive.live.bob.text", "hive.live.bob.state", "hive.live.operator.text", "hive.live.*.text", "hive.live.>",
    "hive.live.scout.text.more", "hive.from.scout", "hive.from.scout.broker", "hive", "HIVE",
)  # fmt: skip
REPLIES = {
    "bob's inbox": "_INBOX.bob.x", "the operator's inbox": "_INBOX.operator.x", "the manager's": "_INBOX.manager.x",
    "a service's": "_INBOX.lifecycle.x", "the broker's own": "_INBOX.broker.x",
    "bob's request": "hive.from.bob.broker.send", "the operator's request": "hive.from.operator.lifecycle.kill",
    "a revocation": "hive.from.lifecycle.revoker.revoke", "an event": "hive.evt.broker.message.stored",
    "bob's live stream": "hive.live.bob.text", "every inbox": "_INBOX.>", "any inbox": "_INBOX.*.x",
    "a longer name": "_INBOX.scoutx.y", "another case": "_INBOX.SCOUT.x", "no inbox": "x", "its own request":
    "hive.from.scout.broker.send", "the root of its inbox": "_INBOX.scout", "JetStream": "$JS.API.STREAM.INFO.HIVE",
    "the system": "$SYS.REQ.CLAIMS.UPDATE", "a homoglyph": "_INBOX.sc\u043eut.x",
    "a service's discovery": "$SRV.PING",
}  # fmt: skip
CLAIMS = (
    b"Hive-Principal: bob", b"Hive-From: operator", b"Nats-Service-Error-Code: internal\r\nNats-Service-Error: x",
    b"Nats-Msg-Id: broker:x:1", b"Hive-Request-Id: \x1b[2J{\"caller\": \"operator\"}", b"Hive-Deadline: nan",
    b"Hive-Deadline: 1e999", b"Hive-Deadline: soon", b"Status: 503", b"Nats-Stream: HIVE\r\nNats-Sequence: 1",
    b"Nats-Rollup: all", b"Nats-Schedule: @every 1s\r\nNats-Schedule-Target: hive.from.bob.broker.send",
    b"Nats-Request-Info: {\"acc\":\"SYS\",\"user\":\"operator\"}", b"X: a\r\nX: b\r\nX: c",
    b"X: y\r\nPUB hive.from.bob.broker.send 5\r\nhello",
)  # fmt: skip


# --- longer ones -----------------------------------------------------------------------------------------------------


async def answer_the_operators_call_to_bob(swarm: Swarm) -> None:
    """Worst case: scout knows the very inbox. Bob's harness still answers; nobody else's answer counts."""
    call, reply = await _pending_call(swarm)
    for subject in (reply, reply.replace(".agent.bob.", ".agent.*."), reply.replace(".agent.bob.", ".agent.>.")):
        swarm.scout.publish(subject, swarm.canary.encode())
    await swarm.scout.settle()
    assert [error[: len(DENIED)] for error in swarm.scout.errors] == [DENIED] * 3
    await _still_bobs_answer(swarm, call)


async def answer_it_in_scouts_own_lane(swarm: Swarm) -> None:
    """NATS allows scout's own lane, but no call waits there."""
    call, reply = await _pending_call(swarm)
    swarm.scout.publish(reply.replace(".agent.bob.", ".agent.scout."), swarm.canary.encode())
    swarm.scout.publish(reply.replace("_INBOX.operator.agent.bob.", "_INBOX.operator.agent.scout.x."), b"")
    await swarm.scout.settle()
    assert not swarm.scout.errors
    await _still_bobs_answer(swarm, call)


async def _pending_call(swarm: Swarm) -> "tuple[asyncio.Task[Any], str]":
    swarm.seen.clear()
    held = asyncio.create_task(swarm.operator.request("hive.from.operator.agent.bob.status", b"{}", 10, agent="bob"))
    while not (calls := [m for m in swarm.seen if m.subject == "hive.from.operator.agent.bob.status"]):
        await swarm.witness.sync()
    assert calls[0].reply.startswith("_INBOX.operator.agent.bob.")
    return held, calls[0].reply


async def _still_bobs_answer(swarm: Swarm, call: "asyncio.Task[Any]") -> None:
    with pytest.raises(Refusal) as answered:
        await call
    assert answered.value.message == "a victim's answer"
    assert swarm.reached.pop() == "operator agent.status"


async def forge_the_brokers_publish_ack(swarm: Swarm) -> None:
    """An ack that never was would make the broker forget an event."""
    await swarm.traffic()
    while not (inboxes := {m.reply for m in swarm.seen if m.subject.startswith("hive.evt.broker.") and m.reply}):
        await swarm.witness.sync()
    for inbox in inboxes:
        swarm.scout.publish(inbox, json.dumps({"stream": "HIVE", "seq": 1, "x": swarm.canary}).encode())
    await swarm.scout.settle()
    assert inboxes
    assert len(swarm.scout.errors) == len(inboxes)


async def take_bobs_lease(swarm: Swarm) -> None:
    """Ack, fail, begin anew and receive with what belongs to bob."""
    own = (await swarm.ask("requeue_inflight", {"start_key": swarm.canary}))["epoch"]
    for epoch in (swarm.epoch, own):
        turn: dict[str, Any] = {"epoch": epoch, "turn": "t", "ids": [swarm.mail]}
        assert (await swarm.ask("ack_turn", turn)).get("code") in (ErrorCode.NOT_IN_TURN, ErrorCode.STALE_EPOCH)
        failed = await swarm.ask("nack", {**turn, "reason": "x", "cause": "handling"})
        assert failed.get("code") in (ErrorCode.NOT_IN_TURN, ErrorCode.STALE_EPOCH)
    received = await swarm.ask("recv", {"epoch": own, "turn": "t", "key": "r"})
    assert all(message["sender"] != "operator" for message in received["messages"])
    kept = await swarm.bob.call(broker.RECV, broker.RecvRequest(epoch=swarm.epoch, turn="t", key="r"))
    assert [message.id for message in kept.messages] == [swarm.mail]


async def repeat_bobs_key(swarm: Swarm) -> None:
    """Keys are each sender's own: they tell nothing of what another sent under the same one."""
    key = secrets.token_hex(8)
    await swarm.bob.call(broker.SEND, broker.SendRequest(to="operator", body="x", key=key))
    answer = await swarm.ask("send", {"to": "operator", "body": swarm.canary, "key": key})
    assert answer["repeated"] is False


async def too_large(swarm: Swarm) -> None:
    swarm.scout.publish("hive.from.scout.broker.send", b"x" * (9 << 20), "_INBOX.scout.x")
    await swarm.scout.settle()
    assert swarm.scout.closed
    assert any("maximum payload" in error for error in swarm.scout.errors)


async def header_block_of_garbage(swarm: Swarm) -> None:
    """Whatever the service makes of it, it goes on."""
    for block in (
        b"RAWgarbage",
        b"RAWNATS/1.0\r\n",
        b"RAWNATS/1.0 503\r\n\r\n",
        b"RAWNATS/1.0\r\n:\r\n\r\n",
        b"\xff\xfe",
    ):
        swarm.scout.publish("hive.from.scout.broker.send", b"{}", "_INBOX.scout.x", block)
    await swarm.scout.settle()


async def unreadable_replies(swarm: Swarm) -> None:
    for reply in ("_INBOX.scout.\udcff", "_INBOX.scout.x\x0b1", "_INBOX.scout.x\x0c5\x0c6"):
        swarm.scout.publish("hive.from.scout.broker.recent", b"{}", reply)
    await swarm.scout.settle()
    assert not swarm.scout.errors


async def trace_into(swarm: Swarm, target: str) -> None:
    """The server's message tracing publishes where the sender says, if he could himself."""
    for to in (target, "hive.live.scout.trace"):
        headers = f"Nats-Trace-Dest: {to}\r\nX: {swarm.canary}".encode()
        swarm.scout.publish("hive.from.scout.broker.recent", b"{}", "_INBOX.scout.x", headers)
        swarm.scout.publish("hive.live.scout.text", b"{}", "", headers)
    await swarm.scout.settle()
    assert all(error.startswith(DENIED) for error in swarm.scout.errors)
    assert len(swarm.scout.errors) == 2
    while not [m for m in swarm.seen if m.subject == "hive.live.scout.trace" and b'"type":"in"' in m.data]:
        await swarm.witness.sync()
    assert not [m for m in swarm.seen if m.subject == target and b"settled" not in m.data]


def tracing(target: str) -> Attempt:
    return Attempt(
        f"make the server's trace arrive on {target} (denied by NATS)", lambda swarm: trace_into(swarm, target)
    )


def own(swarm: Swarm, name: str = "scout") -> Creds:
    return parse_creds(swarm.nats.creds(name).read_text())


def edited(creds: Creds, **claims: Any) -> Creds:
    """The same token with other claims and the old signature."""
    head, _, signature = creds.jwt.split(".")
    body = base64.urlsafe_b64encode(json.dumps({**jwt.decode(creds.jwt), **claims}).encode()).rstrip(b"=").decode()
    return Creds(jwt=f"{head}.{body}.{signature}", seed=creds.seed)


def unsigned(creds: Creds, **claims: Any) -> Creds:
    changed = edited(creds, **claims).jwt.split(".")[1]
    head = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').rstrip(b"=").decode()
    return Creds(jwt=f"{head}.{changed}.", seed=creds.seed)


def self_signed(creds: Creds, name: str) -> Creds:
    account = jwt.decode(creds.jwt)["nats"]["issuer_account"]
    token = jwt.scoped_user_jwt(creds.seed, creds.public_key, name=name, account=account, issued_at=int(time.time()))
    return Creds(jwt=token, seed=creds.seed)


def with_rights(swarm: Swarm) -> Creds:
    """Rights of its own choice in a token of the agents' key (were it stolen): scoped keys forbid them."""
    key = SigningKey.load(swarm.nats.signing_key(SigningRole.AGENT))
    seed = jwt.new_user_seed()
    claims = {"type": "user", "issuer_account": key.account, "pub": {"allow": [">"]}, "sub": {"allow": [">"]}}
    return Creds(jwt=jwt._encode(key.seed, jwt.public_key(seed), "bob", claims, int(time.time())), seed=seed)


def connecting(name: str, creds: Callable[[Swarm], Creds], **options: Any) -> Attempt:
    return turned_away(name, lambda swarm: HostileClient.connect(swarm.nats.port, creds(swarm), **options))


async def other_connect_options(swarm: Swarm) -> None:
    """Names and users beside a token say nothing: scout stays scout."""
    options = {"name": "operator", "user": "operator", "pass": "x", "auth_token": "x", "account": "SYS"}
    client = await HostileClient.connect(swarm.nats.port, own(swarm), **options)
    client.publish("hive.from.bob.broker.send", swarm.letter())
    await client.settle()
    assert client.closed or any(error.startswith(DENIED) for error in client.errors)
    await client.close()


DEAFENING = (
    "hive.live.scout.\udcff", "hive.live.scout.a\x0b7", "hive.live.scout.a\x0c1", "hive.live.scout.\udc80\udc80",
    "hive.live.scout.a\x00", "hive.live.scout.\u2028", "hive.live.scout." + "a" * 3000,
)  # fmt: skip
DEAFENING_REPLIES = ("\udcff", "a\x0b7", "a\x0c1\x0c2")
FOREIGN_VERBS = [verb for verb in VERBS if verb.service != AGENT_SERVICE and Role.AGENT not in verb.roles]
HARNESS_VERBS = [verb for verb in VERBS if verb.service == AGENT_SERVICE]
MORE_NAMES = ("hive.from.bob.broker.send.", ".hive.from.bob.broker.send", "hive.from..broker.send")

ATTEMPTS: tuple[Attempt, ...] = (
    *(denied(f"send as {name}", say(f"hive.from.{name}.broker.send")) for name in OTHERS),
    *(denied(f"receive as {name}", say(f"hive.from.{name}.broker.recv")) for name in OTHERS),
    denied("spawn as the operator", say("hive.from.operator.lifecycle.spawn")),
    denied("open an inbox as lifecycle", say("hive.from.lifecycle.broker.open_inbox")),
    denied("revoke bob as lifecycle", say("hive.from.lifecycle.revoker.revoke")),
    denied("answer as bob's harness is asked", say("hive.from.operator.agent.bob.cancel")),
    *(denied(f"call {verb.full_name}", say(f"hive.from.scout.{verb.service}.{verb.name}")) for verb in FOREIGN_VERBS),
    *(denied(f"call bob's {verb.name}", say(f"hive.from.scout.agent.bob.{verb.name}")) for verb in HARNESS_VERBS),
    *(denied(f"call its own harness's {v.name}", say(f"hive.from.scout.agent.scout.{v.name}")) for v in HARNESS_VERBS),
    *(denied(f"publish {api}", say(f"$JS.API.{api}")) for api in JS_API),
    *(denied(f"publish {subject}", say(subject)) for subject in SYSTEM),
    *(denied(f"publish {subject!a}", say(subject)) for subject in TRICKS),
    *(rejected(f"publish {subject!a}", say(subject)) for subject in MORE_NAMES),
    *(denied(f"listen to {subject}", listen(subject), traffic=True) for subject in LISTENING),
    *(
        denied(f"take {subject} from the queue {queue}", listen(subject, queue), traffic=True)
        for subject, queue in (
            ("hive.from.*.broker.send", "broker"),
            ("hive.from.*.broker.recv", "broker"),
            ("hive.from.*.agent.bob.cancel", "agent"),
            ("hive.from.*.lifecycle.spawn", "lifecycle"),
            ("$SRV.PING", "broker"),
            ("_INBOX.bob.>", "q"),
        )
    ),
    *(
        ignored(f"send with the reply going to {what}", say("hive.from.scout.broker.send", reply=reply))
        for what, reply in REPLIES.items()
    ),
    denied("send with the reply going to an ack", say("hive.from.scout.broker.send", "$JS.ACK.HIVE.x.1.1.1.1.0")),
    ignored("send with no reply inbox", say("hive.from.scout.broker.send", reply="")),
    ignored("look into bob's inbox, replies going to bob", say("hive.from.scout.broker.recent", "_INBOX.bob.x")),
    *(
        harmless(f"a live event with the reply {reply}", say("hive.live.scout.text", reply))
        for reply in ("hive.from.bob.broker.send", "_INBOX.bob.x", "hive.evt.broker.message.stored")
    ),
    *(
        harmless(f"no responder, the notice going to {reply}", say("hive.live.scout.nobody", reply))
        for reply in ("hive.from.bob.broker.send", "_INBOX.bob.x")
    ),
    *(
        denied(f"answer into {inbox}", say(inbox))
        for inbox in (
            "_INBOX.bob.x",
            "_INBOX.operator.x.y",
            "_INBOX.operator.agent.bob.x.y",
            "_INBOX.*.agent.bob.x.y",
            "_INBOX.broker.x",
            "_INBOX.scout.x",
            "_INBOX.>",
            "_INBOX.*.>",
            "_INBOX.operator.agent.*.x",
            "_INBOX.agent.scout.x",
            "_INBOX.operator.agent.scoutx.y",
            "_INBOX.operator.x.agent.scout.y",
            "_INBOX.operator.agent.scout",
        )
    ),
    harmless("listen to more than its own harness's verbs", listen("hive.from.*.agent.scout.>")),
    harmless("answer bob in its own lane", say("_INBOX.bob.agent.scout.x.y"), say("_INBOX.*.agent.scout.x")),
    Attempt("answer the operator's call to bob, inbox known (denied by NATS)", answer_the_operators_call_to_bob),
    Attempt("answer the operator's call to bob in scout's lane (nobody waits there)", answer_it_in_scouts_own_lane),
    Attempt("forge the broker's publish ack (denied by NATS)", forge_the_brokers_publish_ack),
    *(
        tracing(target)
        for target in (
            "hive.from.bob.broker.send",
            "hive.evt.broker.message.stored",
            "_INBOX.bob.x",
            "hive.live.bob.text",
            "_INBOX.operator.x.y",
        )
    ),
    refused("look into bob's inbox", "recent", lambda s: {"inbox": "bob"}, ErrorCode.FORBIDDEN),
    refused("look into the operator's inbox", "recent", lambda s: {"inbox": "operator"}, ErrorCode.FORBIDDEN),
    refused("look into *", "recent", lambda s: {"inbox": "*"}, ErrorCode.FORBIDDEN),
    refused("look in by SQL", "recent", lambda s: {"inbox": "scout' OR 1=1 --"}, ErrorCode.FORBIDDEN),
    refused("look up another's message", "message_status", lambda s: {"id": s.mail}, ErrorCode.NOT_FOUND),
    refused("look up a number out of range", "message_status", lambda s: {"id": 2**70}, ErrorCode.BAD_REQUEST),
    refused(
        "answer another's message", "send", lambda s: json.loads(s.letter(in_reply_to=s.mail)), ErrorCode.NOT_FOUND
    ),
    refused("write to nobody", "send", lambda s: json.loads(s.letter("bob' --")), ErrorCode.UNKNOWN_RECIPIENT),
    refused("write to a service", "send", lambda s: json.loads(s.letter("broker")), ErrorCode.UNKNOWN_RECIPIENT),
    refused("write to everybody", "send", lambda s: json.loads(s.letter("*")), ErrorCode.UNKNOWN_RECIPIENT),
    refused(
        "write too much", "send", lambda s: {**json.loads(s.letter()), "body": "x" * 300_000}, ErrorCode.BODY_TOO_LARGE
    ),
    Attempt("act on bob's lease (refused)", take_bobs_lease),
    Attempt("use bob's key (counts as scout's own)", repeat_bobs_key),
    as_itself("say that bob sends", sender="bob", **{"from": "bob"}, principal="bob", caller={"principal": "bob"}),
    as_itself("say that the system sends", kind="system", sender="system", role="core"),
    as_itself("say that it is acked", state="acked", id=1, epoch=1, turn="t"),
    *(as_itself(f"the header {header.decode()!a}", headers=header) for header in CLAIMS),
    Attempt("header blocks of garbage (the service goes on)", header_block_of_garbage),
    *(harmless(f"a live event on {subject!a}", say(subject, "")) for subject in DEAFENING),
    *(
        harmless(f"a live event with the reply {reply!a}", say("hive.live.scout.x", reply))
        for reply in DEAFENING_REPLIES
    ),
    *(
        ignored(f"a request with the reply {reply!a}", say("hive.from.scout.broker.recent", reply))
        for reply in ("_INBOX.bob.\udcff", "_INBOX.bob\x0b.x", "\udcff", "\x0b")
    ),
    *(
        harmless(f"a reply on {subject!a}", say(subject, ""))
        for subject in (
            "_INBOX.operator.agent.scout.\udcff",
            "_INBOX.operator.agent.scout.x.y\x0b1",
            "_INBOX.bob.agent.scout.x.y\x0c2",
            "_INBOX.*\x0b1.agent.scout.x.y",
        )
    ),
    Attempt("requests whose reply inbox can't be read (the service goes on)", unreadable_replies),
    Attempt("nine megabytes (the server hangs up)", too_large),
    rejected("a second CONNECT as bob", raw('CONNECT {"user":"bob"}\r\nPUB hive.from.bob.broker.send 6\r\nCANARY\r\n')),
    rejected("a payload longer than it says", raw("PUB hive.from.scout.broker.send 1\r\nx hive.from.bob CANARY\r\n")),
    rejected("a route's message", raw("RMSG $G hive.from.bob.broker.send 6\r\nCANARY\r\n")),
    rejected("a leaf node's message", raw("LMSG hive.from.bob.broker.send 6\r\nCANARY\r\n")),
    rejected("an account's subscription", raw("A+ HIVE\r\nRS+ HIVE hive.>\r\n")),
    rejected(
        "a publication inside a payload",
        raw("PUB hive.from.scout.broker.x 10\r\n\r\nPUB hive.from.bob.broker.send 8\r\nCANARY\r\n"),
    ),
    Attempt("other names and users beside the token (still scout)", other_connect_options),
    connecting("bob's token without bob's key", lambda s: Creds(jwt=own(s, "bob").jwt, seed=own(s).seed)),
    connecting("the operator's token without its key", lambda s: Creds(jwt=own(s, "operator").jwt, seed=own(s).seed)),
    connecting("scout's token saying bob", lambda s: edited(own(s), name="bob")),
    connecting("scout's token without a signature", lambda s: unsigned(own(s), name="bob")),
    connecting("a token that scout signed", lambda s: self_signed(own(s), "bob")),
    connecting("a token with rights of its own from the agents' key", with_rights),
    connecting("no signature of the nonce", own, sig=""),
    connecting("no token", own, jwt="", sig="", user="operator"),
    connecting("only a public key", own, jwt="", nkey="UABC"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def swarm(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Swarm]:
    async with attacked_swarm(tmp_path_factory.mktemp("attacked")) as running:
        yield running


@pytest.fixture
def failed(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Note an attempt that failed, as it must; the list is printed at the end of the run."""
    return lambda name: record_property("failed attempt", name)


@pytest.mark.spec("OPS-4", door="wire")
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
async def test_an_attempt_on_anothers_identity_fails(
    swarm: Swarm, attempt: Attempt, failed: Callable[[str], None]
) -> None:
    await swarm.between()
    await attempt.act(swarm)
    await swarm.settle()
    assert swarm.leaks() == []
    assert await swarm.forged_mail() == []
    assert (await swarm.bobs_mail()).state is MessageState.IN_FLIGHT
    await swarm.reconnect()
    assert (await swarm.ask("recent", {}))["more"] is False
    failed(attempt.name)


async def test_every_attempt_has_a_name_of_its_own() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)


@pytest.mark.spec("OPS-4", door="wire")
@pytest.mark.parametrize(
    ("role", "name"),
    [
        *((SigningRole.AGENT, name) for name in sorted(RESERVED)),
        *(
            (role, name)
            for role in SigningRole
            for name in ("*", ">", "a.b", "bob.>", "", " ", "a b", "Bob", "bob\n", "{{name()}}", "b\u043eb", "a" * 32)
        ),
        (SigningRole.MANAGER, "bob"), (SigningRole.OPERATOR, "bob"), (SigningRole.SERVICE, "bob"),
        (SigningRole.MANAGER, "operator"), (SigningRole.SERVICE, "operator"),
    ],
)  # fmt: skip
async def test_nobody_is_minted_under_a_name_that_carries_rights(
    swarm: Swarm, role: SigningRole, name: str, failed: Callable[[str], None]
) -> None:
    key = SigningKey.load(swarm.nats.signing_key(role))
    with pytest.raises(Refusal) as refusal:
        mint(key, name, int(time.time()))
    assert refusal.value.code in (ErrorCode.BAD_NAME, ErrorCode.RESERVED_NAME)
    failed(f"mint {name!a} with the {role} key ({refusal.value.code})")


@pytest.mark.spec("OPS-4", door="wire")
async def test_revoked_credentials_are_hung_up_on_and_not_let_in_again(
    swarm: Swarm, failed: Callable[[str], None]
) -> None:
    await swarm.core.call(broker.OPEN_INBOX, broker.InboxName(name="mallory"))
    mallory = await hostile(swarm.nats, "mallory")
    assert not mallory.closed
    key = own(swarm, "mallory").public_key
    state = swarm.nats.account.revoke(key, swarm.nats.operator_seed.read_text(), int(time.time()))
    system = await HostileClient.connect(swarm.nats.port, own(swarm, "system"))
    system.publish("$SYS.REQ.CLAIMS.UPDATE", state.token.encode())
    await system.settle()
    await mallory.until(lambda: mallory.closed)
    again = await hostile(swarm.nats, "mallory")
    assert again.closed
    for client in (mallory, system, again):
        await client.close()
    failed("go on with revoked credentials (hung up on)")
    failed("come back with revoked credentials (not let in)")


async def test_after_all_that_the_swarm_works(swarm: Swarm) -> None:
    await swarm.between()
    sent = await swarm.bob.call(
        broker.SEND, broker.SendRequest(to="scout", body="still here", key=secrets.token_hex(8))
    )
    assert (await swarm.ask("message_status", {"id": sent.id}))["sender"] == "bob"
    assert await swarm.core.call(broker.SNAPSHOT, Empty())
    assert "Traceback" not in swarm.broker.log
