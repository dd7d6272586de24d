"""A short storm with a fixed seed, and proof that the books would show what went wrong."""

from pathlib import Path

import pytest

from tests.chaos.ledger import Books, Ledger, verdict
from tests.chaos.storm import Plan, storm


@pytest.mark.spec("REL-1", door="chaos")
@pytest.mark.spec("TRN-8", door="chaos")
async def test_nothing_is_lost_doubled_or_out_of_order_in_a_short_storm(tmp_path: Path) -> None:
    result = await storm(Plan(seed=20261121, seconds=10, messages=800, simulated=6), tmp_path)
    assert result["broken"] == {}
    assert result["messages_acknowledged"] >= 800
    assert result["kills"] >= 3


def _ledger() -> Ledger:
    ledger = Ledger()
    for message_id in (1, 2, 3):
        ledger.sent(message_id, "a", f"k{message_id}")
        ledger.received("a", message_id, "t1", redelivered=False)
    return ledger


def _books(**changes: object) -> Books:
    whole = {
        "messages": {i: ("a", f"k{i}", "acked") for i in (1, 2, 3)},
        "stored_events": [1, 2, 3],
        "counts_agree": True,
    }
    return Books(**{**whole, **changes})  # type: ignore[arg-type]  # the test's own shapes


def test_whole_books_show_nothing() -> None:
    assert not any(verdict(_ledger(), _books(), {"a"}).values())


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"messages": {1: ("a", "k1", "acked"), 2: ("a", "k2", "acked")}}, "lost"),
        ({"messages": {i: ("a", "k1" if i == 2 else f"k{i}", "acked") for i in (1, 2, 3)}}, "doubled"),
        ({"messages": {i: ("b" if i == 2 else "a", f"k{i}", "acked") for i in (1, 2, 3)}}, "other_content"),
        ({"messages": {i: ("a", f"k{i}", "pending" if i == 2 else "acked") for i in (1, 2, 3)}}, "not_handled"),
        ({"stored_events": [1, 3]}, "events_lost"),
        ({"stored_events": [1, 2, 2, 3]}, "events_doubled"),
        ({"stored_events": [1, 3, 2]}, "events_out_of_order"),
        ({"counts_agree": False}, "counts_wrong"),
    ],
)
def test_each_kind_of_damage_shows(change: dict[str, object], shown: str) -> None:
    assert verdict(_ledger(), _books(**change), {"a"})[shown]


def test_a_second_turn_without_a_mark_and_a_wrong_order_show() -> None:
    ledger = _ledger()
    ledger.received("a", 2, "t2", redelivered=False)
    ledger.first_seen["a"] = [2, 1, 3]
    found = verdict(ledger, _books(), {"a"})
    assert found["redelivered_unmarked"] == [2]
    assert found["out_of_order"] == [1]
