"""What was acknowledged, what was handed out, and whether the two agree with the broker's books."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass
class Ledger:
    """Written by the senders and simulated agents during the storm."""

    acknowledged: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Message id → (recipient, key), for every send that was answered."""
    refused: int = 0
    """Answers that were clear refusals; the sender repeated each with the same key."""
    first_seen: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Recipient → ids in the order in which they first came."""
    turns: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Message id → the turns that it was handed to."""
    unmarked: list[int] = field(default_factory=list[int])
    """Messages that came in a second turn without being marked redelivered."""
    acked: set[int] = field(default_factory=set[int])

    def sent(self, message_id: int, recipient: str, key: str) -> None:
        """A send was answered with this id."""
        known = self.acknowledged.setdefault(message_id, (recipient, key))
        assert known == (recipient, key), f"one id for two messages: {message_id}"

    def received(self, recipient: str, message_id: int, turn: str, redelivered: bool) -> None:
        """A message was handed out."""
        earlier = self.turns[message_id] - {turn}
        if not self.turns[message_id]:
            self.first_seen[recipient].append(message_id)
        elif earlier and not redelivered:
            self.unmarked.append(message_id)
        self.turns[message_id].add(turn)


@dataclass(frozen=True)
class Books:
    """What the broker's database and the stream say after the storm."""

    messages: dict[int, tuple[str, str, str]]
    """Id → (recipient, key, state)."""
    stored_events: list[int]
    """The message ids of all `message.stored` events, in the stream's order."""
    counts_agree: bool
    """Each inbox's counts are those of its rows."""


def verdict(ledger: Ledger, books: Books, simulated: set[str]) -> dict[str, list[int] | bool]:
    """What went wrong, by kind; every value is empty when nothing did."""
    ours = {i: row for i, row in books.messages.items() if row[0] in simulated}
    copies = Counter(key for _, key, _ in books.messages.values())
    told = Counter(books.stored_events)
    return {
        "lost": sorted(i for i in ledger.acknowledged if i not in books.messages),
        "other_content": sorted(
            i for i, sent in ledger.acknowledged.items() if i in books.messages and books.messages[i][:2] != sent
        ),
        "doubled": sorted(i for i, row in books.messages.items() if copies[row[1]] > 1),
        "not_handled": sorted(i for i, row in ours.items() if row[2] != "acked"),
        "never_handed_out": sorted(i for i in ours if not ledger.turns.get(i)),
        "out_of_order": sorted(i for ids in ledger.first_seen.values() for i in _out_of_order(ids)),
        "redelivered_unmarked": sorted(ledger.unmarked),
        "events_lost": sorted(set(books.messages) - set(told)),
        "events_doubled": sorted(i for i, times in told.items() if times > 1),
        "events_out_of_order": _out_of_order(books.stored_events),
        "counts_wrong": not books.counts_agree,
    }


def _out_of_order(ids: list[int]) -> list[int]:
    return [later for earlier, later in pairwise(ids) if later <= earlier]
