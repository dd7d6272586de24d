"""Tables and migrations say the same."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hive_kit.database import migrate
from hive_lifecycle.tables import metadata
from sqlalchemy import create_engine


def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    migrate(tmp_path / "lifecycle.db", "hive_lifecycle")
    engine = create_engine(f"sqlite:///{tmp_path / 'lifecycle.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
