"""BEN-6: what twenty hibernated agents keep in memory, each with all of its processes."""

import asyncio
import re
from pathlib import Path

from tests.bench.agents import Agent, colony
from tests.bench.figures import Figure, Progress, at_most
from tests.bench.rig import Rig, start_plain
from tests.bench.sizes import Size
from tests.swarm import descendants

_AT_ONCE = 2
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


async def hibernated(rig: Rig, size: Size, say: Progress) -> list[Figure]:
    """PSS of everything that runs for agents that had a turn and hibernated, against connected bare Pythons."""
    number = size.hibernated
    async with colony(rig) as agents:
        sleepers: list[Agent] = []
        for first in range(0, number, _AT_ONCE):
            names = [f"sleeper-{n}" for n in range(first, min(first + _AT_ONCE, number))]
            sleepers += [await agents.start(name, hibernate_after=0.1) for name in names]
            await asyncio.gather(*(agent.wake() for agent in sleepers[first:]))
            await asyncio.gather(*(agent.rests(awake=False) for agent in sleepers[first:]))
            say(f"BEN-6: {len(sleepers)} of {number} agents had their turn and hibernated")
        plain = [start_plain(rig.nats, f"plain-{n}", "") for n in range(number)]
        try:
            ours = [[agents.shim(agent), *descendants(agents.shim(agent))] for agent in sleepers]
            mine = sum(_pss(pid) for tree in ours for pid in tree) / number
            limit = sum(_pss(process.pid) for process in plain) / number
            say(f"BEN-6: {sum(map(len, ours)) / number:.1f} processes an agent; one agent: {_told(ours[0])}")
        finally:
            for process in plain:
                process.kill()
                process.wait()
    where = "sandboxed" if agents.sandboxed else "no sandbox"
    return [at_most("BEN-6", f"memory per agent of {number} hibernated ones, PSS ({where})", mine, limit, 3.5, "MiB")]


def _pss(pid: int) -> float:
    found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _told(pids: list[int]) -> str:
    names = [(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:6], _pss(pid)) for pid in pids]
    return "; ".join(f"{Path(words[0].decode()).name} {size:.1f} MiB" for words, size in names)
