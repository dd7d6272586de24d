"""Joining a service's snapshot with its events: which events are still to be applied, each once, in order.

Pure: it decides by store ids and outbox ids only. Events that come while no snapshot is there wait for it.
"""

from dataclasses import dataclass
from typing import Any

from hive_wire.model import Wire
from hive_wire.verb import Event


@dataclass(frozen=True)
class Numbered:
    """A service's event with its place in that service's own sequence."""

    store: str
    n: int
    event: Event[Any]  # Any: each event has its own payload
    payload: Wire


class Source:
    """One service's sequence, as far as it was applied. `synced` is False while a snapshot is needed."""

    def __init__(self) -> None:
        self.synced = False
        self.store: str | None = None
        self.applied = 0
        self._waiting: list[Numbered] = []
        self._strange: set[str] = set()
        self._retired: set[str] = set()

    def begin(self) -> None:
        """A snapshot is about to be asked for: it will cover every event that came so far."""
        self.synced = False
        self._waiting.clear()

    def take(self, event: Numbered) -> list[Numbered]:
        """What to apply now: the event, or nothing. An event of a store never seen ends `synced`."""
        if event.store in self._retired:
            return []
        if not self.synced:
            self._waiting.append(event)
            return []
        if event.store != self.store:
            self._strange.add(event.store)
            self.begin()
            return []
        if event.n <= self.applied:
            return []
        self.applied = event.n
        return [event]

    def install(self, store: str, outbox_id: int) -> list[Numbered]:
        """A snapshot came. Returns the waiting events that it doesn't cover; `synced` says whether it will do.

        A database restored from a backup has a new store id. Once a snapshot shows another store than before,
        events of the old one that are still under way mean nothing any more.
        """
        if self.store is not None:
            self._strange.add(self.store)
        self._retired = (self._retired | self._strange) - {store}
        self._strange.clear()
        waiting, self._waiting = self._waiting, []
        self.store, self.applied, self.synced = store, outbox_id, True
        return [applied for event in waiting for applied in self.take(event)]
