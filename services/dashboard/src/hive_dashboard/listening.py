"""When each harness was last heard: whom to ask, and who has been silent for too long. Pure; monotonic seconds.

A harness has no heartbeat: one that says nothing by itself is asked for its status.
"""

from collections.abc import Iterable


class Listening:
    """Times of hearing, by agent. An agent counts as heard when its run is first seen, so that it may start."""

    def __init__(self, ask_after: float, silent_after: float) -> None:
        self._ask_after, self._silent_after = ask_after, silent_after
        self._heard: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._runs: dict[str, object] = {}

    def runs(self, running: Iterable[tuple[str, object]], now: float) -> None:
        """These agents run, each with something that names its run. A new run is asked at once."""
        current = dict(running)
        for name, run in current.items():
            if self._runs.get(name) != run:
                self._heard[name] = now
                self._asked.pop(name, None)
        for name in set(self._runs) - set(current):
            self._heard.pop(name, None)
            self._asked.pop(name, None)
        self._runs = current

    def hear(self, name: str, now: float) -> None:
        """Something came from an agent's harness."""
        self._heard[name] = now

    def ask_all(self) -> None:
        """Every running agent is due: things may have been missed."""
        self._asked.clear()

    def due(self, now: float) -> list[str]:
        """Whom to ask now; they count as asked."""
        names = [
            name
            for name in self._runs
            if name not in self._asked or now - max(self._heard[name], self._asked[name]) >= self._ask_after
        ]
        self._asked.update(dict.fromkeys(names, now))
        return names

    def silent(self, now: float) -> set[str]:
        """The running agents that were not heard for too long."""
        return {name for name in self._runs if now - self._heard[name] >= self._silent_after}
