"""BEN-4 and BEN-5: how soon mail reaches the model, for one agent and for ten at once."""

import asyncio
import statistics

from tests.bench.agents import Agent, ByHand, Colony, by_hand, colony
from tests.bench.figures import Figure, Progress, at_most
from tests.bench.rig import Rig
from tests.bench.sizes import Size

TEN = 10


async def one_wake(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """BEN-4: a message's way from the broker's disk to the model, Claude Code running or hibernated."""
    async with colony(rig) as agents:
        warm = await agents.start("warm", hibernate_after=600)
        sleepy = await agents.start("sleepy", hibernate_after=0.1)
        await asyncio.gather(warm.wake(), sleepy.wake())
        hand = by_hand(agents, warm)
        await hand.begin()
        rounds: list[tuple[float, float, float]] = []
        for number in range(size.wakes + 1):
            rounds.append(await _one_round(warm, sleepy, hand))
            shown = ", ".join(f"{seconds * 1e3:.0f}" for seconds in rounds[-1])
            say(f"BEN-4 round {number} of {size.wakes}: warm, hibernated, by hand: {shown} ms")
    awake, asleep, limit = (statistics.median(column) * 1e3 for column in zip(*rounds[1:], strict=True))
    work = f"stored → model request arrives, p50 (n={size.wakes}, {_where(agents)})"
    return [
        at_most("BEN-4 warm", f"{work}, warm", awake, limit, 0.15),
        at_most("BEN-4 hibernated", f"{work}, hibernated", asleep, limit, 1.3),
    ]


async def _one_round(warm: Agent, sleepy: Agent, hand: ByHand) -> tuple[float, float, float]:
    await warm.rests(awake=True)
    await sleepy.rests(awake=False)
    awake = await warm.wake()
    await warm.rests(awake=True)
    by_itself = await hand.wake()
    asleep = await sleepy.wake()
    return awake, asleep, by_itself


async def ten_wakes(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """BEN-5: the last of ten model requests, after ten messages at once."""
    async with colony(rig) as agents:
        crowd = [await agents.start(f"crowd-{number}", hibernate_after=600) for number in range(TEN)]
        for agent in crowd:
            await agent.wake()
        hands = [by_hand(agents, agent) for agent in crowd]
        for hand in hands:
            await hand.begin()
        ours: list[float] = []
        limit: list[float] = []
        for number in range(size.crowds + 1):
            await asyncio.gather(*(agent.rests(awake=True) for agent in crowd))
            ours.append(max(await asyncio.gather(*(agent.wake() for agent in crowd))))
            limit.append(max(await asyncio.gather(*(hand.wake() for hand in hands))))
            say(f"BEN-5 round {number} of {size.crowds}: {ours[-1] * 1e3:.0f} ms, by hand {limit[-1] * 1e3:.0f} ms")
    work = f"ten warm agents woken at once, last model request (n={size.crowds}, {_where(agents)})"
    return [
        at_most("BEN-5", work, statistics.median(ours[1:]) * 1e3, statistics.median(limit[1:]) * 1e3, 0.15),
    ]


def _where(agents: Colony) -> str:
    return "sandboxed" if agents.sandboxed else "no sandbox"
