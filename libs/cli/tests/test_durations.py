"""Spans and moments as they are written."""

from datetime import UTC, datetime

import pytest
from hive_cli.durations import moment_of, seconds_of, span
from hive_wire.errors import ErrorCode, Refusal


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0.5", 0.5),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1W", 604_800),
    ],
)
def test_a_span_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10 m", "-5", "5x", "1h30", "1h-30m", "ten", "1e3"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        seconds_of(text)
    assert caught.value.code == ErrorCode.BAD_TIME


def test_a_moment_without_a_zone_is_the_readers_own() -> None:
    assert moment_of("2026-11-21T18:00+01:00") == datetime(2026, 11, 21, 17, tzinfo=UTC)
    assert moment_of("2026-11-21T18:00Z") == datetime(2026, 11, 21, 18, tzinfo=UTC)
    assert moment_of("2026-11-21T18:00").replace(tzinfo=None) == datetime(2026, 11, 21, 18)  # noqa: DTZ001
    with pytest.raises(Refusal) as caught:
        moment_of("tomorrow")
    assert caught.value.code == ErrorCode.BAD_TIME


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59.9, "59s"), (60, "1m"), (7300, "2h"), (200_000, "2d"), (-90, "1m ago")]
)
def test_a_span_is_shown_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert span(seconds) == shown
