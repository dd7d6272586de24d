"""Alembic's environment of approvals."""

from hive_kit.database.alembic_env import run

from hive_approvals.tables import metadata

run(metadata)
