"""Alembic's environment of the broker."""

from hive_kit.database.alembic_env import run

from hive_broker.tables import metadata

run(metadata)
