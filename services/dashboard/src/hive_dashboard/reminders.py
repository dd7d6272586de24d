"""The swarm's open reminders, the soonest first, within a bound; and how many each agent has, all counted."""

from collections.abc import Sequence
from datetime import datetime

from hive_wire.broker import Reminder, ReminderChanged, ReminderCount, ReminderState

KEPT = 1000
KEPT_BYTES = 4 * 1024 * 1024
OPEN = frozenset({ReminderState.PENDING, ReminderState.FAILED})


class Reminders:
    """Open reminders by id."""

    def __init__(self, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept, self._kept_bytes = kept, kept_bytes
        self._by_id: dict[int, Reminder] = {}
        self._bytes = 0
        self._counts: dict[str, int] = {}

    def replace(self, reminders: Sequence[Reminder], counts: Sequence[ReminderCount]) -> None:
        """Begin anew with these; the counts may be of more than are here."""
        self._by_id = {reminder.id: reminder for reminder in reminders if reminder.state in OPEN}
        self._bytes = sum(map(_size, self._by_id.values()))
        self._counts = {count.owner: count.open for count in counts}
        self._let_go()

    def put(self, change: ReminderChanged) -> None:
        """Note a reminder as it is now."""
        reminder = change.reminder
        self._counts[reminder.owner] = change.open
        self._drop(reminder.id)
        if reminder.state in OPEN:
            self._by_id[reminder.id] = reminder
            self._bytes += _size(reminder)
            self._let_go()

    def of(self, owner: str) -> int:
        """How many reminders of `owner` are open."""
        return self._counts.get(owner, 0)

    @property
    def total(self) -> int:
        """How many are open, also those that are not held here."""
        return sum(self._counts.values())

    @property
    def soonest(self) -> list[Reminder]:
        """Those that are held, the soonest first."""
        return sorted(self._by_id.values(), key=_when)

    def _drop(self, number: int) -> None:
        reminder = self._by_id.pop(number, None)
        self._bytes -= _size(reminder) if reminder else 0

    def _let_go(self) -> None:
        """Beyond the bound the latest due are not held."""
        while len(self._by_id) > self._kept or (self._bytes > self._kept_bytes and len(self._by_id) > 1):
            self._drop(max(self._by_id.values(), key=_when).id)


def _when(reminder: Reminder) -> tuple[datetime, int]:
    return reminder.due, reminder.id


def _size(reminder: Reminder) -> int:
    return len(reminder.message.encode()) + 300
