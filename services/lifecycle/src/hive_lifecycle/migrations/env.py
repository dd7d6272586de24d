"""Alembic's environment of lifecycle."""

from hive_kit.database.alembic_env import run

from hive_lifecycle.tables import metadata

run(metadata)
