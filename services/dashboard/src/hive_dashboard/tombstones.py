"""What is kept of destroyed agents, by name."""

from collections.abc import Sequence

from hive_wire.tombstones import Tombstone


class Tombstones:
    """Tombstones by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Tombstone] = {}

    def replace(self, tombstones: Sequence[Tombstone]) -> None:
        """Begin anew with these."""
        self._by_name = {tombstone.name: tombstone for tombstone in tombstones}

    def put(self, tombstone: Tombstone) -> None:
        """Note a tombstone as it is now."""
        self._by_name[tombstone.name] = tombstone

    def drop(self, name: str) -> bool:
        """Forget one; says whether there was one."""
        return self._by_name.pop(name, None) is not None

    @property
    def shown(self) -> list[Tombstone]:
        """All of them, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]
