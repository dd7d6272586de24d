"""Tables and migrations say the same, and mail from before a migration is still there after it."""

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hive_broker import messages, recipients
from hive_broker.tables import metadata
from hive_kit.database import Database, migrate
from hive_wire.broker import RecentRequest
from sqlalchemy import create_engine


def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    migrate(tmp_path / "broker.db", "hive_broker")
    engine = create_engine(f"sqlite:///{tmp_path / 'broker.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_mail_from_before_reminders_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "broker.db"
    config = Config()
    config.set_main_option("script_location", str(resources.files("hive_broker") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = path
    command.upgrade(config, "20261121_initial")
    with closing(sqlite3.connect(path)) as before, before:
        before.execute("INSERT INTO inboxes (name, open, pending) VALUES ('scout', 1, 1)")
        before.execute(
            "INSERT INTO messages (sender, key, recipient, body, kind, state, stored_at)"
            " VALUES ('operator', 'k', 'scout', 'hello', 'message', 'pending', 1)"
        )
    migrate(path, "hive_broker")
    database = Database(path)
    (kept,) = (await database.read(lambda c: messages.recent(c, "scout", RecentRequest()))).messages
    assert (kept.body, kept.file_refs) == ("hello", [])
    assert await database.read(recipients.allow_lists) == {}
    database.close()
