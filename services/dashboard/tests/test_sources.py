"""Which events are applied to a snapshot, in any interleaving of the two."""

from hive_dashboard.sources import Numbered, Source
from hive_wire import broker
from hive_wire.model import Empty
from hypothesis import given
from hypothesis import strategies as st


def event(n: int, store: str = "a") -> Numbered:
    return Numbered(store, n, broker.STORED, Empty())


@given(
    before_request=st.integers(0, 8),
    covered=st.integers(0, 8),
    before_reply=st.integers(0, 8),
    after=st.integers(0, 8),
    lag=st.integers(0, 24),
)
def test_a_snapshot_and_the_stream_together_give_every_event_once(
    before_request: int, covered: int, before_reply: int, after: int, lag: int
) -> None:
    """Events are committed in order; the snapshot covers all that were committed when it was made, and the stream
    brings each event some time after its commit."""
    made_at = before_request + covered
    total = made_at + before_reply + after
    source = Source()
    applied: list[int] = []
    came = min(before_request, max(0, made_at - lag))
    for n in range(1, came + 1):
        applied += [e.n for e in source.take(event(n))]
    source.begin()
    installed = made_at + before_reply - min(lag, made_at + before_reply - came)
    for n in range(came + 1, installed + 1):
        applied += [e.n for e in source.take(event(n))]
    assert applied == []
    applied += [e.n for e in source.install("a", made_at)]
    for n in range(installed + 1, total + 1):
        applied += [e.n for e in source.take(event(n))]
    assert applied == list(range(made_at + 1, total + 1))
    assert source.synced


def test_an_event_that_comes_twice_is_applied_once() -> None:
    source = Source()
    source.install("a", 3)
    assert [e.n for n in (4, 5, 4, 5, 6) for e in source.take(event(n))] == [4, 5, 6]


def test_an_event_of_another_store_asks_for_a_new_snapshot() -> None:
    source = Source()
    source.install("a", 3)
    assert source.take(event(1, "b")) == []
    assert not source.synced
    source.begin()
    assert source.install("b", 1) == []
    assert source.synced
    assert source.take(event(9, "a")) == [], "the store before means nothing any more"
    assert source.synced
    assert source.take(event(2, "b")) != []


def test_events_of_an_older_store_still_under_way_cost_one_snapshot() -> None:
    source = Source()
    source.install("b", 1)
    source.take(event(7, "a"))
    assert not source.synced
    source.begin()
    source.install("b", 1)
    assert source.take(event(8, "a")) == []
    assert source.synced
