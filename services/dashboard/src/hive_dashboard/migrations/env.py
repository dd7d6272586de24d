"""Run by alembic: the kit decides how."""

from hive_kit.database.alembic_env import run

from hive_dashboard.tables import metadata

run(metadata)
