"""The operator's inbox: mail to the operator that is not handled, within a bound of number and size."""

from collections.abc import Sequence

from hive_wire.broker import Message, MessageState, Receipt
from hive_wire.names import OPERATOR

from hive_dashboard.messages import NewestMessages

KEPT = 1000
KEPT_BYTES = 8 * 1024 * 1024
_UNHANDLED = frozenset({MessageState.PENDING, MessageState.IN_FLIGHT})


class Inbox:
    """The newest unhandled mail, oldest first. `more`: there is older unhandled mail, too."""

    def __init__(self, kept: int = KEPT, kept_bytes: int = KEPT_BYTES) -> None:
        self._mail = NewestMessages(kept, kept_bytes)

    @property
    def more(self) -> bool:
        """Older mail that is not handled was left out."""
        return self._mail.more

    @property
    def mail(self) -> list[Message]:
        """What is held, oldest first."""
        return self._mail.all()

    def replace(self, mail: Sequence[Message], more: bool) -> None:
        """Begin anew with these, oldest first."""
        self._mail.replace([message for message in mail if is_unhandled(message)], more)

    def put(self, message: Message) -> None:
        """A message was stored."""
        if is_unhandled(message):
            self._mail.put(message)

    def update(self, receipt: Receipt) -> None:
        """Note what became of a message; handled mail leaves."""
        if is_unhandled(receipt):
            self._mail.update(receipt)
        else:
            self._mail.drop(receipt.id)


def is_unhandled(receipt: Receipt) -> bool:
    """Whether it is mail to the operator that waits to be handled."""
    return receipt.recipient == OPERATOR and receipt.state in _UNHANDLED
