"""One storm from `up` to the verdict."""

import asyncio
import json
import random
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hive_kit.bus import Bus
from hive_kit.stream import Envelope, follow, stream_head, stream_start
from hive_kit.testing import eventually
from hive_wire import broker as wire
from hive_wire.subjects import STREAM

from tests.chaos.killer import Killer
from tests.chaos.ledger import Books, Ledger, verdict
from tests.chaos.load import Sender, SimulatedAgent
from tests.swarm import RealSwarm

_DRAIN_SECONDS = 240.0


@dataclass(frozen=True)
class Plan:
    """How hard it blows."""

    seed: int
    seconds: float
    """How long processes are killed; the load lasts at least as long."""
    messages: int
    simulated: int = 8
    real_agents: bool = True
    """Whether scout and scribe work with real Claude Code meanwhile."""
    kill_every_seconds: float = 1.5


def say(text: str) -> None:
    """Progress, beside the result."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


async def storm(plan: Plan, folder: Path, options: tuple[str, ...] = ()) -> dict[str, Any]:  # Any: JSON
    """Run it; returns what was tried and what went wrong (`broken`, empty when nothing did)."""
    swarm = RealSwarm(folder / "state", demo=plan.real_agents, options=options)
    await asyncio.to_thread(swarm.up)
    try:
        return await _blow(plan, swarm)
    finally:
        await asyncio.to_thread(swarm.down)


async def _blow(plan: Plan, swarm: RealSwarm) -> dict[str, Any]:
    chance = random.Random(plan.seed)
    ledger = Ledger()
    config = swarm.config
    names = [f"sim-{n}" for n in range(plan.simulated)]
    await _open_inboxes(config.nats_url, config.creds("lifecycle"), names)
    agents = [SimulatedAgent(config, name, ledger, random.Random(f"{plan.seed}-{name}")) for name in names]
    living = [asyncio.create_task(agent.run(), name=agent.name) for agent in agents]
    real = ("scout", "scribe") if plan.real_agents else ()
    operator = await Bus.connect(config.nats_url, "operator", config.creds("operator"))
    killer = Killer(swarm, real, chance)
    began = time.monotonic()
    sending = asyncio.create_task(_send(plan, operator, ledger, names, list(real)))
    kills = await _kill_until(plan, killer, sending, living)
    await sending
    say(f"{len(ledger.acknowledged)} messages acknowledged; draining")
    await _drain(operator, names)
    if real:
        await _settle(operator, real)
    for task in living:
        task.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    books = await _read_books(swarm, operator)
    await operator.close()
    found = verdict(ledger, books, set(names))
    return {
        "seed": plan.seed,
        "seconds": round(time.monotonic() - began, 1),
        "messages_acknowledged": len(ledger.acknowledged),
        "messages_in_the_books": len(books.messages),
        "refused_and_repeated": ledger.refused,
        "kills": kills,
        "killed": dict(sorted(killer.killed.items())),
        "broken": {name: what for name, what in found.items() if what},
    }


async def _open_inboxes(url: str, creds: Path, names: list[str]) -> None:
    bus = await Bus.connect(url, "lifecycle", creds)
    for name in names:
        await bus.call(wire.OPEN_INBOX, wire.InboxName(name=name))
    await bus.close()


async def _send(plan: Plan, operator: Bus, ledger: Ledger, names: list[str], real: list[str]) -> None:
    lanes = 8
    pace = plan.seconds * lanes / max(plan.messages, 1) * 0.8
    senders = [
        Sender(operator, f"{plan.seed}-{n}", ledger, random.Random(f"{plan.seed}-send-{n}")) for n in range(lanes)
    ]
    work = [sender.send_all(plan.messages // lanes, names, pace) for sender in senders]
    if real:
        writer = Sender(operator, f"{plan.seed}-real", ledger, random.Random(f"{plan.seed}-real"))
        work.append(writer.send_all(max(4, int(plan.seconds / 5)), real, 2.0))
    await asyncio.gather(*work)


async def _kill_until(
    plan: Plan, killer: Killer, sending: "asyncio.Task[None]", living: list["asyncio.Task[None]"]
) -> int:
    until = time.monotonic() + plan.seconds
    while time.monotonic() < until:
        await asyncio.wait({sending, *living}, timeout=plan.kill_every_seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in (sending, *living):
            if task.done() and task.exception():
                raise AssertionError(f"{task.get_name()} failed") from task.exception()
        struck = await asyncio.to_thread(killer.strike)
        if struck:
            say(f"killed {struck}")
    return killer.killed.total()


async def _drain(operator: Bus, names: list[str]) -> None:
    async def undone() -> int:
        left = 0
        for name in names:
            page = await operator.call_persistently(wire.RECENT, wire.RecentRequest(inbox=name, limit=500))
            left += sum(m.state is not wire.MessageState.ACKED for m in page.messages)
        return left

    await eventually(undone, lambda left: left == 0, seconds=_DRAIN_SECONDS)


async def _settle(operator: Bus, real: tuple[str, ...]) -> None:
    """The real agents have handled everything, or it died with a reason; and it stays so."""

    async def undone() -> list[int]:
        settled = (wire.MessageState.ACKED, wire.MessageState.DEAD)
        pages = [
            await operator.call_persistently(wire.RECENT, wire.RecentRequest(inbox=name, limit=500)) for name in real
        ]
        return [m.id for page in pages for m in page.messages if m.state not in settled]

    await eventually(undone, lambda left: not left, seconds=_DRAIN_SECONDS)


async def _read_books(swarm: RealSwarm, operator: Bus) -> Books:
    path = swarm.config.service("broker") / "broker.db"

    async def unpublished() -> int:
        with closing(sqlite3.connect(path)) as database:
            return int(database.execute("SELECT count(*) FROM outbox").fetchone()[0])

    await eventually(unpublished, lambda left: left == 0, seconds=60)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT id, recipient, sender || '/' || key, state FROM messages").fetchall()
        counts = database.execute(
            "SELECT count(*) FROM inboxes i WHERE pending != (SELECT count(*) FROM messages m WHERE"
            " m.recipient = i.name AND m.state = 'pending') OR in_flight != (SELECT count(*) FROM messages m WHERE"
            " m.recipient = i.name AND m.state = 'in_flight') OR dead != (SELECT count(*) FROM messages m WHERE"
            " m.recipient = i.name AND m.state = 'dead')"
        ).fetchone()
    return Books(
        messages={row[0]: (row[1], row[2], row[3]) for row in rows},
        stored_events=[_message_id(e) for e in await _stored_events(operator)],
        counts_agree=counts[0] == 0,
    )


async def _stored_events(operator: Bus) -> list[Envelope]:
    head = await stream_head(operator)
    found: list[Envelope] = []
    if head.seq == 0:
        return found
    async for envelope in follow(operator, await stream_start(operator), "hive.evt.broker.>"):
        if envelope.subject == wire.STORED.subject:
            found.append(envelope)
        if envelope.position.seq >= head.seq or await _is_last(operator, envelope, head.seq):
            return found
    return found


async def _is_last(operator: Bus, envelope: Envelope, head: int) -> bool:
    """Whether the broker's events end here; events of others may follow up to the head."""
    if head - envelope.position.seq > 64:
        return False
    js = operator.nats.jetstream()
    for seq in range(envelope.position.seq + 1, head + 1):
        if (await js.get_msg(STREAM, seq)).subject.startswith("hive.evt.broker."):
            return False
    return True


def _message_id(envelope: Envelope) -> int:
    return int(json.loads(envelope.payload)["message"]["id"])
