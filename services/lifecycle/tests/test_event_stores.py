"""Reading what a stopped agent left, whose file may say anything."""

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest
from hive_lifecycle.event_stores import FILE, read_page
from hive_wire import lifecycle
from hive_wire.agent import LiveHistoryRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentHistoryRequest

SCHEMA = "CREATE TABLE events (n INTEGER PRIMARY KEY, epoch INTEGER, at TEXT, kind TEXT, turn TEXT, data TEXT)"
AT = "2026-11-21T10:00:00.000000Z"


def make_store(folder, numbers, *, keep_log=False):
    """A store as a harness leaves it; with `keep_log`, as a killed one does."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(SCHEMA)
        rows = [(n, 1, AT, "text", "t1", json.dumps({"text": f"row {n}"})) for n in numbers]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
        if keep_log:
            for suffix in ("", "-wal"):
                shutil.copy(folder / f"{FILE}{suffix}", folder / f"copy{suffix}")
    if keep_log:
        for suffix in ("", "-wal"):
            (folder / f"copy{suffix}").rename(folder / f"{FILE}{suffix}")


@pytest.mark.parametrize("keep_log", [False, True])
def test_pages_go_back_and_forth_and_leave_nothing_beside_the_store(tmp_path, keep_log):
    make_store(tmp_path, range(1, 11), keep_log=keep_log)
    before = sorted(tmp_path.iterdir())
    last = read_page(tmp_path, "coder", LiveHistoryRequest(limit=4))
    assert [event.n for event in last.events] == [7, 8, 9, 10]
    assert last.more
    first = read_page(tmp_path, "coder", LiveHistoryRequest(before=4, limit=4))
    assert ([event.n for event in first.events], first.more) == ([1, 2, 3], False)
    after = read_page(tmp_path, "coder", LiveHistoryRequest(after=2, limit=3))
    assert ([event.n for event in after.events], after.more) == ([3, 4, 5], True)
    assert after.events[0].data == {"text": "row 3"}
    assert sorted(tmp_path.iterdir()) == before


def test_no_store_is_an_empty_history(tmp_path):
    assert read_page(tmp_path / "none", "coder", LiveHistoryRequest()).events == []


def damaged(tmp_path):
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + os.urandom(8192))


def a_link(tmp_path):
    make_store(tmp_path / "else", [1])
    (tmp_path / FILE).symlink_to(tmp_path / "else" / FILE)


def a_pipe(tmp_path):
    os.mkfifo(tmp_path / FILE)


def a_log_that_is_a_link(tmp_path):
    make_store(tmp_path, [1])
    (tmp_path / f"{FILE}-wal").symlink_to("/etc/passwd")


def rows_that_are_no_events(tmp_path):
    make_store(tmp_path, [1])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("UPDATE events SET data = 'nonsense'")
        connection.commit()


def a_view_without_end(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"
        connection.execute(
            f"CREATE VIEW events AS SELECT n, 1 epoch, 'x' at, 'k' kind, 't' turn, '' data FROM ({endless})"
        )
        connection.commit()


def a_row_larger_than_memory_should_hold(tmp_path):
    make_store(tmp_path, [1])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("UPDATE events SET data = '\"' || hex(zeroblob(4000000)) || '\"'")
        connection.commit()


@pytest.mark.parametrize(
    "make",
    [damaged, a_link, a_pipe, a_log_that_is_a_link, rows_that_are_no_events, a_view_without_end,
     a_row_larger_than_memory_should_hold],
)  # fmt: skip
def test_a_file_that_is_no_store_is_refused(tmp_path, make):
    make(tmp_path)
    with pytest.raises(Refusal) as refused:
        read_page(tmp_path, "coder", LiveHistoryRequest())
    assert refused.value.code is ErrorCode.STORAGE_FAILED


@pytest.mark.spec("AGT-2", door="wire")
async def test_history_comes_from_the_harness_and_from_its_store_when_it_is_down(hive):
    await hive.start()
    await hive.spawned("coder")
    make_store(hive.state / "agents" / "coder" / "store", [1, 2])
    running = await hive.operator.call(lifecycle.AGENT_HISTORY, AgentHistoryRequest(name="coder"))
    assert (running.events, running.more) == ([], True)
    await hive.done(await hive.do(lifecycle.STOP, "coder"))
    stopped = await hive.operator.call(lifecycle.AGENT_HISTORY, AgentHistoryRequest(name="coder"))
    assert [event.n for event in stopped.events] == [1, 2]
