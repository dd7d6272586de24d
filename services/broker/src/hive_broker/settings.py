"""What the broker is told."""

from hive_kit.settings import ServiceSettings


class BrokerSettings(ServiceSettings):
    """Limits of messages, delivery and reminders."""

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
    max_reminders: int = 20_000
    """How many open reminders one owner may have."""
    reminder_retry_base_seconds: float = 5.0
    """The first delay after a reminder could not be delivered; it doubles with each failure."""
    reminder_retry_max_seconds: float = 3600.0
    retention_days: float = 30.0
    """How long acked and dismissed messages, fired and cancelled reminders are kept."""
    sweep_seconds: float = 3600.0
