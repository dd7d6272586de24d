from hive_kit.database.alembic_env import run

from ledger.tables import metadata

run(metadata)
