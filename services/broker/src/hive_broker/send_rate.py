"""How fast one sender may send: a token bucket for each. The operator and the system are not limited."""

from dataclasses import dataclass

from hive_wire.errors import ErrorCode, Refusal


@dataclass
class _Bucket:
    tokens: float
    at: float


class SendRate:
    """`per_second` messages in the long run, `burst` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, sender: str, now: float) -> None:
        """Count a message sent at `now` (seconds of any clock). Refuses `slow_down` with when to try again."""
        bucket = self._buckets.setdefault(sender, _Bucket(self._burst, now))
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.tokens < 1:
            wait = (1 - bucket.tokens) / self._per_second
            raise Refusal(
                ErrorCode.SLOW_DOWN,
                f"{sender} sends too fast; try again in {wait:.1f} s",
                retry_after_seconds=round(wait, 3),
            )
        bucket.tokens -= 1
