"""Times as the tables have them: microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The present moment."""
    return (datetime.now(UTC) - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """What a table has, as a time."""
    return _EPOCH + timedelta(microseconds=value)
