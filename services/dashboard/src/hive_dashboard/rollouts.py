"""Rebuilds of several agents: those under way, and the one that ended last, so that its end can be read."""

from collections.abc import Sequence

from hive_wire.rollouts import Rollout


class Rollouts:
    """Rollouts by id; ids grow with time."""

    def __init__(self) -> None:
        self._by_id: dict[int, Rollout] = {}

    def replace(self, rollouts: Sequence[Rollout]) -> None:
        """Begin anew with these."""
        self._by_id = {rollout.id: rollout for rollout in rollouts}
        self._let_go()

    def put(self, rollout: Rollout) -> None:
        """Note a rollout as it is now."""
        self._by_id[rollout.id] = rollout
        self._let_go()

    @property
    def shown(self) -> list[Rollout]:
        """Oldest first."""
        return [self._by_id[number] for number in sorted(self._by_id)]

    def _let_go(self) -> None:
        ended = [rollout for rollout in self._by_id.values() if rollout.ended_at is not None]
        for rollout in sorted(ended, key=lambda rollout: rollout.id)[:-1]:
            del self._by_id[rollout.id]
