"""What agents' containers printed, in pages that a reply can hold, and the wait for more.

Many may follow one log: there is one look at it for all of them, and none when nobody waits. How a log is read is the
runtime's matter.
"""

import asyncio
from dataclasses import dataclass, field

from hive_wire.lifecycle import LogsReply, LogsRequest
from pydantic_core import to_json

from hive_lifecycle.runtimes import LogPage, LogUnit, Runtime, UnknownAgent

PAGE_BYTES = 4 << 20
_LINE_CHARS = 64 * 1024
_LOOK_SECONDS = 0.5

_Place = tuple[str, LogUnit, str]


@dataclass
class _Looking:
    """One look-out for lines behind a cursor, and how many wait for it."""

    task: "asyncio.Task[None]"
    waiting: int = 0


@dataclass(frozen=True)
class Journals:
    """Reads and follows the logs of all agents."""

    runtime: Runtime
    _lookouts: dict[_Place, _Looking] = field(default_factory=dict[_Place, _Looking])

    async def page(self, request: LogsRequest) -> LogsReply:
        """The last lines, or those behind `after`; where there are none yet, it waits as long as was asked for.

        An agent that never had a container has printed nothing.
        """
        reply = await self._read(request)
        if reply.lines or request.after is None or not request.wait_seconds:
            return reply
        if await self._printed((request.name, request.unit.value, reply.cursor), request.wait_seconds):
            reply = await self._read(request)
        return reply

    async def _read(self, request: LogsRequest) -> LogsReply:
        lines = request.lines
        while True:
            try:
                page = await self.runtime.logs(request.name, lines, request.unit.value, request.after)
            except UnknownAgent:
                page = LogPage((), request.after or "")
            found = [line[:_LINE_CHARS] for line in page.lines]
            fitting = _fitting(found if request.after is not None else found[::-1])
            if len(fitting) == len(found):
                return LogsReply(lines=found, cut=page.cut, cursor=page.cursor)
            if request.after is None:
                return LogsReply(lines=fitting[::-1], cut=True, cursor=page.cursor)
            lines = max(1, len(fitting))  # only the runtime knows the cursor behind them

    async def _printed(self, place: _Place, seconds: float) -> bool:
        """Whether there is a line behind the cursor within that time."""
        looking = self._lookouts.get(place)
        if looking is None:
            looking = self._lookouts[place] = _Looking(
                asyncio.create_task(self._look_out(place), name=f"look-out {place[0]}")
            )
        looking.waiting += 1
        try:
            done, _ = await asyncio.wait({looking.task}, timeout=seconds)
            for task in done:
                task.result()
            return bool(done)
        finally:
            looking.waiting -= 1
            if not looking.waiting:
                looking.task.cancel()
                if self._lookouts.get(place) is looking:
                    del self._lookouts[place]

    async def _look_out(self, place: _Place) -> None:
        name, unit, cursor = place
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                page = await self.runtime.logs(name, 1, unit, cursor)
            except UnknownAgent:
                continue
            if page.lines or page.cut:
                return


def _fitting(lines: list[str]) -> list[str]:
    """The first ones that fit into a page, at least one."""
    size = 0
    for count, line in enumerate(lines):
        size += len(to_json(line)) + 1
        if size > PAGE_BYTES and count:
            return lines[:count]
    return lines
