"""What the broker is told."""

from hive_kit.settings import ServiceSettings


class BrokerSettings(ServiceSettings):
    """Limits of messages and delivery."""

    max_body_bytes: int = 256 * 1024
    """The largest body, encoded as UTF-8."""
    max_pending: int = 100_000
    """How many undelivered messages an inbox takes from agents before it says `slow_down`."""
    sends_per_second: float = 50.0
    """What one agent may send in the long run."""
    send_burst: int = 500
    """What one agent may send at once."""
    max_failures: int = 5
    """How many failed turns make a message dead."""
    retry_base_seconds: float = 1.0
    """The first delay after a failed turn; it doubles with each failure."""
    retry_max_seconds: float = 60.0
    retention_days: float = 30.0
    """How long acked and dismissed messages are kept."""
    sweep_seconds: float = 3600.0
