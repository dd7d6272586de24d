"""Queries that run for every message use the index made for them, however many messages are kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hive_broker.reminder_rows import OPEN as OPEN_REMINDER
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


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (f"SELECT id FROM reminders WHERE {OPEN_REMINDER} AND next_attempt <= 1 ORDER BY next_attempt, id", "due"),
        (f"SELECT min(next_attempt) FROM reminders WHERE {OPEN_REMINDER}", "due"),
        (f"SELECT count(*) FROM reminders WHERE owner = 'scout' AND {OPEN_REMINDER}", "open"),
    ],
)
def test_open_reminders_are_found_without_looking_at_what_is_done(tmp_path: Path, query: str, index: str) -> None:
    migrate(tmp_path / "broker.db", "hive_broker")
    with closing(sqlite3.connect(tmp_path / "broker.db")) as database:
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert f"INDEX reminders_{index}" in plan
    assert "TEMP B-TREE" not in plan
