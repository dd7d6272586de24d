"""Old events of stopped agents, whose files may say anything."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hive_kit.testing import eventually
from hive_lifecycle.store_sweep import FILE
from hive_wire import lifecycle
from hive_wire.model import iso

ROOT = os.geteuid() == 0
UID = 50_001
NOW = datetime.now(UTC)
SCHEMA = "CREATE TABLE events (n INTEGER PRIMARY KEY, epoch INTEGER, at TEXT, kind TEXT, turn TEXT, data TEXT)"


def make_store(folder: Path, *days: float, schema: str = SCHEMA, more: str = "") -> None:
    """A store with an event for each of these ages."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(schema)
        for number, age in enumerate(days, 1):
            row = (number, 1, iso(NOW - timedelta(days=age)), "text", "t1", "{}")
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.executescript(more)


def numbers(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM events ORDER BY n")]


def sweep(folder: Path) -> dict[str, object]:
    """What the program says; as root, run for another user."""
    if ROOT:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, UID, UID)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    arguments = [str(descriptor), str(UID) if ROOT else "-", iso(NOW - timedelta(days=7))]
    command = [sys.executable, "-m", "hive_lifecycle.store_sweep", *arguments]
    try:
        done = subprocess.run(command, pass_fds=(descriptor,), capture_output=True, text=True, check=False)
    finally:
        os.close(descriptor)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder that the agent's user could not reach by its path."""
    tmp_path.chmod(0o700)
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.mark.spec("LIV-2", door="wire")
def test_events_older_than_a_week_go_and_the_others_stay(store):
    make_store(store, 30, 7.01, 6.99, 0)
    assert sweep(store) == {"removed": 2}
    assert numbers(store) == [3, 4]
    assert {path.stat().st_uid for path in store.iterdir()} == {UID if ROOT else os.geteuid()}
    assert sweep(store) == {"removed": 0}


def test_there_may_be_no_store(store):
    assert sweep(store) == {"removed": 0}
    assert list(store.iterdir()) == []


def a_link(store, elsewhere):
    (store / FILE).symlink_to(elsewhere / FILE)


def a_hard_link(store, elsewhere):
    (store / FILE).hardlink_to(elsewhere / FILE)


def a_linked_log(store, elsewhere):
    make_store(store, 30)
    (store / f"{FILE}-wal").symlink_to(elsewhere / FILE)


def a_pipe(store, _elsewhere):
    os.mkfifo(store / FILE)


def a_folder(store, _elsewhere):
    (store / FILE).mkdir()


def garbage(store, _elsewhere):
    (store / FILE).write_bytes(b"SQLite format 3\0" + os.urandom(8192))


def too_large(store, _elsewhere):
    with (store / FILE).open("wb") as file:
        file.truncate(5 << 30)


def other_columns(store, _elsewhere):
    make_store(store, schema="CREATE TABLE events (n INTEGER PRIMARY KEY, at TEXT)")


def a_view(store, _elsewhere):
    make_store(store, 30, more="ALTER TABLE events RENAME TO kept; CREATE VIEW events AS SELECT * FROM kept")


def a_trigger(store, _elsewhere):
    body = "BEGIN INSERT INTO events (at) VALUES ('2020'); END"
    make_store(store, 30, more=f"CREATE TRIGGER more AFTER DELETE ON events {body}")


HOSTILE = [a_link, a_hard_link, a_linked_log, a_pipe, a_folder, garbage, too_large, other_columns, a_view, a_trigger]


@pytest.mark.parametrize("make", HOSTILE)
def test_what_no_harness_made_is_left_alone(store, tmp_path, make):
    elsewhere = tmp_path / "elsewhere"
    make_store(elsewhere, 30)
    make(store, elsewhere)
    assert "left_alone" in sweep(store)
    assert numbers(elsewhere) == [1]


@pytest.mark.skipif(not ROOT, reason="only root becomes another user")
def test_a_folder_of_somebody_else_is_left_alone(store):
    make_store(store, 30)
    descriptor = os.open(store, os.O_RDONLY)
    command = [sys.executable, "-m", "hive_lifecycle.store_sweep", str(descriptor), str(UID), iso(NOW)]
    said = subprocess.run(command, pass_fds=(descriptor,), capture_output=True, text=True, check=True).stdout
    os.close(descriptor)
    assert "left_alone" in json.loads(said)
    assert numbers(store) == [1]


@pytest.mark.spec("LIV-2", door="wire")
async def test_the_service_sweeps_those_that_are_down_and_no_others(hive):
    await hive.start()
    for name in ("artist", "coder"):
        await hive.spawned(name)
        make_store(hive.state / "agents" / name / "store", 30, 1)
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    await hive.terminate()
    await hive.start()
    folder = hive.state / "agents" / "coder" / "store"

    async def look() -> list[int]:
        return numbers(folder)

    await eventually(look, lambda found: found == [2])
    assert numbers(hive.state / "agents" / "artist" / "store") == [1, 2]  # looked at before, by name
