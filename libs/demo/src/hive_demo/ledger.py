"""The record of requests: what came, what was answered, how many tokens that cost, and who waits to see it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TextIO

KEPT_RECORDS = 5000
KEPT_BODIES = 100


@dataclass
class Record:
    """One request for an answer. `source` is script, queue, rules, compaction, probe or invalid.

    `outcome` is open, answered, refused, cut (on the script's order) or left (by the client).
    """

    number: int
    agent: str
    session: str
    at: str
    model: str
    messages: int
    last_texts: list[str]
    tools: list[str]
    streamed: bool
    source: str = "invalid"
    step: int = 0
    called: list[str] = field(default_factory=list[str])
    usage: dict[str, int] = field(default_factory=dict[str, int])
    status: int = 0
    outcome: str = "open"


class Ledger:
    """The records in order of arrival, and the tokens served to each agent."""

    def __init__(self, log: TextIO | None = None) -> None:
        self.records: deque[Record] = deque(maxlen=KEPT_RECORDS)
        self.usage: defaultdict[str, Counter[str]] = defaultdict(Counter[str])
        self._arrived: Counter[str] = Counter()
        self._bodies: dict[int, bytes] = {}
        self._finished = 0
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._log = log

    def count(self, agent: str | None = None) -> int:
        """How many requests came, from this agent or from all."""
        return self._arrived.total() if agent is None else self._arrived[agent]

    def next_number(self) -> int:
        return self.count() + 1

    def by_agent(self, agent: str | None = None) -> list[Record]:
        return [record for record in self.records if agent in (None, record.agent)]

    def body(self, number: int) -> bytes | None:
        """The raw body of one of the latest requests."""
        return self._bodies.get(number)

    def arrived(self, record: Record, body: bytes) -> None:
        self.records.append(record)
        self._arrived[record.agent] += 1
        self._bodies[record.number] = body
        self._bodies.pop(record.number - KEPT_BODIES, None)
        self._tell()

    def finished(self, record: Record, outcome: str) -> None:
        """Closes a record; tokens count as served once the answer is complete."""
        record.outcome = outcome
        if outcome == "answered":
            self.usage[record.agent].update({"requests": 1, **record.usage})
        if self._log is not None:
            self._log.write(f"{json.dumps(asdict(record))}\n")
            self._log.flush()

        self._finished += 1
        self._tell()

    async def wait_for(self, count: int, timeout: float, agent: str | None = None) -> bool:
        """Whether that many requests came within these seconds."""
        return await self._wait(lambda: self.count(agent) >= count, timeout)

    async def wait_for_finished(self, count: int, timeout: float) -> bool:
        """Whether that many requests came to their end, whichever, within these seconds."""
        return await self._wait(lambda: self._finished >= count, timeout)

    async def _wait(self, reached: Callable[[], bool], timeout: float) -> bool:
        if reached():
            return True
        told = asyncio.get_running_loop().create_future()
        waiting = (reached, told)
        self._waiting.append(waiting)
        try:
            await asyncio.wait_for(told, timeout)
        except TimeoutError:
            return False
        finally:
            self._waiting.remove(waiting)
        return True

    def _tell(self) -> None:
        """Not a condition variable: a record also ends while its task is being cancelled, where nothing may wait."""
        for reached, told in self._waiting:
            if reached() and not told.done():
                told.set_result(None)
