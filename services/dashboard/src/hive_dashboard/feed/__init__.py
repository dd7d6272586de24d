"""What keeps the projection current: the services' snapshots and events, and what the harnesses say.

Doors only: they decode what NATS brings, hand it to the projection and its page events to the stream.
"""

from hive_dashboard.feed.harnesses import Harnesses
from hive_dashboard.feed.services import Services

__all__ = ["Harnesses", "Services"]
