"""Actions on agents to their end: asked for, then followed by lifecycle's events, and by its word in between."""

import asyncio
import json
from typing import Any

from hive_kit.bus import Bus
from hive_wire import builds
from hive_wire.builds import ActionsRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted
from hive_wire.model import AgentName
from hive_wire.verb import Verb

from hive_cli.problems import Problem
from hive_cli.session import ask

LOOK_SECONDS = 1.0
Json = dict[str, Any]  # Any: what commands print


async def perform(bus: Bus, verb: Verb[Any, Accepted], asked: AgentName, wait: float | None) -> Json:
    """The accepted action; with `wait` seconds, the ended one. Raises Problem when it failed or took longer."""
    ended: asyncio.Queue[Json] = asyncio.Queue()
    if wait is not None:
        await bus.subscribe("hive.evt.lifecycle.agent.*", lambda _subject, data: ended.put_nowait(json.loads(data)))
    accepted = await ask(bus, verb, asked)
    if wait is None:
        return accepted.model_dump(mode="json")
    try:
        async with asyncio.timeout(wait):
            end = await _end_of(bus, accepted, ended)
    except TimeoutError:
        text = f"{verb.name} of {asked.name} has not ended within {wait:g} s"
        raise Refusal(ErrorCode.TIMEOUT, text, action=accepted.action) from None
    if not end["ok"]:
        raise Problem(end["error"] or f"{verb.name} of {asked.name} failed", "action_failed")
    return end


async def _end_of(bus: Bus, accepted: Accepted, events: "asyncio.Queue[Json]") -> Json:
    """The event that tells of it; an event lost to a broken connection is made up for by looking."""
    while True:
        try:
            event = await asyncio.wait_for(events.get(), LOOK_SECONDS)
        except TimeoutError:
            end = await _looked_up(bus, accepted)
            if end is not None:
                return end
            continue
        if event.get("action") == accepted.action and "ok" in event:
            return event


async def _looked_up(bus: Bus, accepted: Accepted) -> Json | None:
    asked = ActionsRequest(agent=accepted.agent.name, before=accepted.action + 1, limit=1)
    found = (await ask(bus, builds.ACTIONS, asked)).actions
    action = next((action for action in found if action.id == accepted.action), None)
    if action is None or action.ended_at is None:
        return None
    return {"action": action.id, "agent": action.agent, "ok": action.error is None, "error": action.error}
