"""Bringing a database's schema up to date. Histories are linear; a revision's id is its file's name."""

import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy.exc import DBAPIError

from hive_kit.database.engine import storage_refusal


class SchemaTooNewError(Refusal):
    """The database was written by a newer program; this one leaves it alone."""

    def __init__(self, path: Path, revision: str) -> None:
        super().__init__(
            ErrorCode.STORAGE_FAILED,
            f"{path} has the schema {revision}, which this version does not know; use the newer program",
            revision=revision,
        )


def migrate(path: Path, package: str) -> None:
    """Upgrade the database at `path` to the newest revision in `package`.migrations.

    Alembic is only loaded when there is something to do. Raises SchemaTooNewError, or Refusal `disk_full` /
    `storage_failed`: then the schema is what it was after the last revision that succeeded.
    """
    folder = Path(str(resources.files(package))) / "migrations"
    known = sorted(file.stem for file in (folder / "versions").glob("*.py") if file.stem != "__init__")
    current = _current_revision(path)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise SchemaTooNewError(path, current)
    path.parent.mkdir(parents=True, exist_ok=True)
    _upgrade(path, folder)


def _current_revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise Refusal(ErrorCode.STORAGE_FAILED, f"{path}: {error}") from error
    return row[0] if row else None


def _upgrade(path: Path, folder: Path) -> None:
    from alembic import command  # loaded here: most starts find the schema up to date
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = path
    try:
        command.upgrade(config, "head")
    except (DBAPIError, sqlite3.Error) as error:
        raise storage_refusal(error) from error
