"""Queries that run for every message use the index made for them, however many messages are kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hive_broker.rows import OPEN
from hive_kit.database import migrate


@pytest.mark.parametrize("state", ["pending", "in_flight"])
def test_open_mail_is_found_without_looking_at_what_is_done(tmp_path: Path, state: str) -> None:
    migrate(tmp_path / "broker.db", "hive_broker")
    with closing(sqlite3.connect(tmp_path / "broker.db")) as database:
        query = f"SELECT id FROM messages WHERE recipient = ? AND state = '{state}' AND {OPEN} ORDER BY id LIMIT 32"
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", ("scout",)))
    assert "messages_open (recipient=? AND state=?)" in plan
    assert "TEMP B-TREE" not in plan
