"""A rollout to its end: followed by its events, and by the last one that the stream has when one may have been lost."""

import asyncio
import base64
import json
from collections.abc import Callable

from hive_kit.bus import Bus
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.rollouts import ROLLOUT_CHANGED, Rollout, RolloutAgent, RolloutState
from hive_wire.subjects import STREAM

from hive_cli.problems import Problem

LOOK_SECONDS = 5.0
WAITS = frozenset({RolloutState.WAITING})


class Progress:
    """Says of each agent once how far it is."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._said: dict[str, RolloutState] = {}

    def told(self, rollout: Rollout) -> None:
        for agent in rollout.agents:
            if agent.state not in WAITS and self._said.get(agent.name) != agent.state:
                self._said[agent.name] = agent.state
                self._show(sentence(agent))


def sentence(agent: RolloutAgent) -> str:
    """How far one agent is, in words."""
    match agent.state:
        case RolloutState.RUNNING:
            return f"{agent.name}: rebuilding (action {agent.action})"
        case RolloutState.FAILED | RolloutState.SKIPPED:
            return f"{agent.name}: {agent.state}: {agent.error or 'without a word'}"
        case _:
            return f"{agent.name}: {agent.state}"


def check(rollout: Rollout) -> None:
    """Raises Problem when it has ended and it, or any agent of it, failed."""
    if rollout.error is not None:
        raise Problem(rollout.error, "action_failed", details=rollout.model_dump(mode="json"))
    if rollout.ended_at is None:
        return
    failed = [agent.name for agent in rollout.agents if agent.state is RolloutState.FAILED]
    if failed:
        text = f"the rebuild of {', '.join(failed)} failed"
        raise Problem(text, "action_failed", details=rollout.model_dump(mode="json"))


class Following:
    """Hears of rollouts from when `begin` returns."""

    def __init__(self, bus: Bus, look_seconds: float = LOOK_SECONDS) -> None:
        self._bus = bus
        self._look_seconds = look_seconds
        self._heard: asyncio.Queue[Rollout] = asyncio.Queue()

    async def begin(self) -> None:
        def hear(_subject: str, payload: bytes) -> None:
            self._heard.put_nowait(Rollout.model_validate_json(payload))

        await self._bus.subscribe(ROLLOUT_CHANGED.subject, hear)

    async def to_the_end(self, rollout: Rollout, told: Callable[[Rollout], None], seconds: float) -> Rollout:
        """The ended rollout. Refuses with `timeout` when it takes longer."""
        try:
            async with asyncio.timeout(seconds):
                told(rollout)
                while rollout.ended_at is None:
                    latest = await self._next()
                    if latest is not None and latest.id == rollout.id:
                        rollout = latest
                        told(rollout)
        except TimeoutError:
            text = f"rollout #{rollout.id} has not ended within {seconds:g} s; it goes on"
            raise Refusal(ErrorCode.TIMEOUT, text, rollout=rollout.id) from None
        return rollout

    async def _next(self) -> Rollout | None:
        try:
            return await asyncio.wait_for(self._heard.get(), self._look_seconds)
        except TimeoutError:
            return await self._stored()

    async def _stored(self) -> Rollout | None:
        """The last one that was told of, from the stream; None while it can't be read."""
        asked = json.dumps({"last_by_subj": ROLLOUT_CHANGED.subject}).encode()
        try:
            reply = json.loads(await self._bus.request(f"$JS.API.STREAM.MSG.GET.{STREAM}", asked, LOOK_SECONDS))
        except Refusal:
            return None
        if "message" not in reply:
            return None
        return Rollout.model_validate_json(base64.b64decode(reply["message"]["data"]))
