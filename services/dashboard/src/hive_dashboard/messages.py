"""The newest messages of the swarm, with their receipts, within a bound of number and size."""

from collections.abc import Sequence

from hive_wire.broker import Message, Receipt

KEPT = 2000
KEPT_BYTES = 64 * 1024 * 1024
SHOWN = 500
SHOWN_BYTES = 4 * 1024 * 1024


class NewestMessages:
    """Messages by id, oldest first. `more`: there are older ones than these."""

    def __init__(self, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept, self._kept_bytes = kept, kept_bytes
        self._by_id: dict[int, Message] = {}
        self._bytes = 0
        self.more = False

    def replace(self, messages: Sequence[Message], more: bool) -> None:
        """Begin anew with these, oldest first."""
        self._by_id.clear()
        self._bytes = 0
        self.more = more
        for message in messages:
            self.put(message)

    def put(self, message: Message) -> None:
        """Add the newest message."""
        held = self._by_id.get(message.id)
        self._by_id[message.id] = message
        self._bytes += _size(message) - (_size(held) if held else 0)
        while len(self._by_id) > self._kept or (self._bytes > self._kept_bytes and len(self._by_id) > 1):
            oldest = self._by_id.pop(next(iter(self._by_id)))
            self._bytes -= _size(oldest)
            self.more = True

    def update(self, receipt: Receipt) -> None:
        """Note what became of a message, if it is among these."""
        message = self._by_id.get(receipt.id)
        if message is not None:
            changed = {field: getattr(receipt, field) for field in Receipt.model_fields}
            self._by_id[receipt.id] = message.model_copy(update=changed)

    def drop(self, number: int) -> None:
        """Let a message go."""
        message = self._by_id.pop(number, None)
        if message is not None:
            self._bytes -= _size(message)

    def all(self) -> list[Message]:
        """Everything that is held, oldest first."""
        return list(self._by_id.values())

    def shown(self, limit: int = SHOWN, limit_bytes: int = SHOWN_BYTES) -> tuple[list[Message], bool]:
        """The newest ones that a page begins with, oldest first, and whether there are older ones."""
        page: list[Message] = []
        size = 0
        for message in reversed(self._by_id.values()):
            size += _size(message)
            if len(page) == limit or (page and size > limit_bytes):
                return page[::-1], True
            page.append(message)
        return page[::-1], self.more


def _size(message: Message) -> int:
    return len(message.body.encode()) + 500
