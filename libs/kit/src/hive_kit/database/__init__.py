"""SQLite through SQLAlchemy Core: one writer thread with group commit, readers beside it, migrations at start."""

from hive_kit.database.engine import Database, raw
from hive_kit.database.migrations import migrate
from hive_kit.database.tables import create_outbox, outbox_tables

__all__ = ["Database", "create_outbox", "migrate", "outbox_tables", "raw"]
