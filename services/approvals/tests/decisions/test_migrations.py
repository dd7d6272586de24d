"""The schema: what an earlier version stored survives, and tables and migrations agree."""

import sqlite3
from contextlib import closing
from pathlib import Path

import hive_approvals
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hive_approvals import approvals, history
from hive_approvals.tables import metadata
from hive_kit.database import Database, migrate
from hive_wire.approvals import ApprovalStatus, HistoryRequest
from sqlalchemy import create_engine


def as_of(path: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(hive_approvals.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = path
    command.upgrade(config, revision)


async def test_the_spawns_of_an_earlier_version_are_in_the_history(tmp_path: Path) -> None:
    path = tmp_path / "approvals.db"
    as_of(path, "20261121_initial")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO approvals (agent, kind, status, commit_id, requested_by, created_at, resolved_at)"
            " VALUES ('scout', 'spawn', 'deployed', 'abc', 'operator', 1, 2)"
        )
    migrate(path, "hive_approvals")
    migrate(path, "hive_approvals")
    database = Database(path)
    found = await database.read(lambda c: history.page(c, HistoryRequest()))
    assert [(a.agent, a.status, a.notes, a.note) for a in found.approvals] == [
        ("scout", ApprovalStatus.DEPLOYED, [], None)
    ]
    assert found.broken == []
    assert await database.read(approvals.unsettled) == []
    database.close()


def test_tables_and_migrations_agree(tmp_path: Path) -> None:
    migrate(tmp_path / "approvals.db", "hive_approvals")
    engine = create_engine(f"sqlite:///{tmp_path / 'approvals.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()
