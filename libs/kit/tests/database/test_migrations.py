"""Schemas: brought up to date once, also when several start; a newer one is left alone."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hive_kit.database import migrate
from hive_wire.errors import ErrorCode, Refusal

PROGRAMS = Path(__file__).parents[1] / "programs"
NEWEST = "20261122_body_index"


@pytest.fixture(autouse=True)
def _ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PROGRAMS)


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def test_a_new_database_gets_every_revision(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.db"
    migrate(path, "ledger")
    assert revision(path) == NEWEST
    migrate(path, "ledger")
    with closing(sqlite3.connect(path)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"entries", "outbox", "store", "seen_events", "stream_position", "entries_by_body"} <= names


@pytest.mark.spec("OPS-12", door="wire")
def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    migrate(path, "ledger")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '20991231_future'")
    before = path.read_bytes()
    with pytest.raises(Refusal, match="20991231_future") as refused:
        migrate(path, "ledger")
    assert refused.value.code is ErrorCode.STORAGE_FAILED
    assert refused.value.details == {"revision": "20991231_future"}
    assert path.read_bytes() == before


@pytest.mark.spec("OPS-12", door="wire")
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Refusal) as refused:
        migrate(path, "ledger")
    assert refused.value.code is ErrorCode.STORAGE_FAILED
    assert path.read_bytes() == b"this is no database" * 1000


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    environment = {**os.environ, "PYTHONPATH": str(PROGRAMS)}
    racing = [
        subprocess.Popen(
            [sys.executable, str(PROGRAMS / "migrate_once.py"), str(path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        for _ in range(3)
    ]
    for process in racing:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    ends = [(process.communicate(timeout=60)[1].decode(), process.returncode) for process in racing]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert revision(path) == NEWEST


def test_a_migration_that_fails_leaves_the_schema_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packages" / "stumbling"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    for folder in (package, package / "migrations", versions):
        (folder / "__init__.py").touch()
    (package / "migrations" / "env.py").write_text((PROGRAMS / "ledger" / "migrations" / "env.py").read_text())
    (versions / "20261121_initial.py").write_text(
        "from alembic import op\nrevision = '20261121_initial'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE one (id INTEGER)')\n"
    )
    (versions / "20261122_stumbles.py").write_text(
        "from alembic import op\nrevision = '20261122_stumbles'\ndown_revision = '20261121_initial'\n"
        "def upgrade():\n    op.execute('CREATE TABLE two (id INTEGER)')\n    raise RuntimeError('stumbled')\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "packages")
    path = tmp_path / "stumbling.db"
    with pytest.raises(RuntimeError, match="stumbled"):
        migrate(path, "stumbling")
    with closing(sqlite3.connect(path)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "two" not in tables
