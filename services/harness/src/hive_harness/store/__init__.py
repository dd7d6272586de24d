"""The agent's own history: live events and one row for each turn, in one SQLite file.

Written through the standard library: SQLAlchemy and alembic, which describe and migrate the schema, would cost
every idle agent 25 MB, so they are loaded in a short process of their own, and only where there is something to do.
"""

from hive_harness.store.events import EventStore, StoredEvent, TurnRow, open_store

__all__ = ["EventStore", "StoredEvent", "TurnRow", "open_store"]
"""What the rest of the harness uses."""
