"""Alembic's environment for the event store."""

from hive_harness.store.tables import metadata
from hive_kit.database.alembic_env import run

run(metadata)
