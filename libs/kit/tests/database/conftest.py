"""A database with one table, in the test's folder."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
from hive_kit.database import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    connection.close()
    opened = Database(path)
    yield opened
    opened.close()
