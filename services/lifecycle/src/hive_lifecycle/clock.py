"""The present moment, and times as the tables have them: microseconds since 1970, UTC."""

from datetime import UTC, datetime

from hive_kit.times import microseconds, moment

__all__ = ["moment", "now"]


def now() -> int:
    """The present moment."""
    return microseconds(datetime.now(UTC))
