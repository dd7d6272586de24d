"""Actions on agents to their end: asked for, then followed by lifecycle's events, and by its word in between."""

import asyncio
import json
from typing import Any

from hive_kit.bus import Bus
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import Accepted, AgentName, ContainerState
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
            end = await _end_of(bus, accepted, verb, ended)
    except TimeoutError:
        text = f"{verb.name} of {asked.name} has not ended within {wait:g} s"
        raise Refusal(ErrorCode.TIMEOUT, text, action=accepted.action) from None
    if not end["ok"]:
        raise Problem(end["error"] or f"{verb.name} of {asked.name} failed", "action_failed")
    return end


async def _end_of(bus: Bus, accepted: Accepted, verb: Verb[Any, Accepted], events: "asyncio.Queue[Json]") -> Json:
    """The event that tells of it; an event lost to a broken connection is made up for by looking."""
    while True:
        try:
            event = await asyncio.wait_for(events.get(), LOOK_SECONDS)
        except TimeoutError:
            end = await _looked_up(bus, accepted, verb)
            if end is not None:
                return end
            continue
        if event.get("action") == accepted.action and "ok" in event:
            return event


async def _looked_up(bus: Bus, accepted: Accepted, verb: Verb[Any, Accepted]) -> Json | None:
    name = accepted.agent.name
    try:
        view = await ask(bus, lifecycle.STATUS, AgentName(name=name))
    except Refusal as refusal:
        if refusal.code is not ErrorCode.UNKNOWN_AGENT:
            raise
        return {"action": accepted.action, "agent": name, "ok": verb is lifecycle.DESTROY, "error": "it is gone"}
    if view.transient is not None:
        return None
    wanted = ContainerState.STOPPED if verb in (lifecycle.STOP, lifecycle.KILL) else ContainerState.RUNNING
    ok = view.error is None and view.container is wanted
    return {"action": accepted.action, "agent": name, "ok": ok, "error": view.error}
