"""Waking whoever waits for mail: a counter for each inbox that moves when something may have come."""

import asyncio
from collections import defaultdict


class Arrivals:
    """Lets a waiting receive sleep until its inbox has moved since it last looked. One event loop."""

    def __init__(self) -> None:
        self._moves: defaultdict[str, int] = defaultdict(int)
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def moves(self, inbox: str) -> int:
        """How often the inbox moved so far: take this before looking."""
        return self._moves[inbox]

    def announce(self, inbox: str) -> None:
        """Something came, or the epoch changed."""
        self._moves[inbox] += 1
        for waiter in self._waiting.pop(inbox, set()):
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, inbox: str, seen: int, seconds: float) -> None:
        """Return when the inbox has moved since `seen`, or after `seconds`."""
        if self._moves[inbox] != seen:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[inbox].add(waiter)
        try:
            await asyncio.wait({waiter}, timeout=seconds)
        finally:
            waiter.cancel()
            self._waiting[inbox].discard(waiter)
