"""Writes: committed before they are answered, in shared commits, each job on its own feet."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hive_kit.database import Database
from hive_kit.metrics import COMMITS
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

PROGRAMS = Path(__file__).parents[1] / "programs"


def insert(number: int, body: str = "x") -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO entries (id, body) VALUES (?, ?)", (number, body))
        return number

    return work


def stored(connection: Connection) -> list[int]:
    return list(connection.exec_driver_sql("SELECT id FROM entries ORDER BY id").scalars())


async def all_stored(database: Database) -> list[int]:
    return await database.read(stored)


class Held:
    """A job that keeps the writer busy until it is let go, so that what follows shares a commit."""

    def __init__(self, database: Database) -> None:
        self._began, self._go = threading.Event(), threading.Event()
        self._done = asyncio.ensure_future(database.write(self._hold))

    def _hold(self, _connection: Connection) -> None:
        self._began.set()
        assert self._go.wait(10)

    async def began(self) -> "Held":
        await asyncio.to_thread(self._began.wait, 10)
        return self

    async def let_go(self) -> None:
        self._go.set()
        await self._done


async def test_what_is_answered_can_be_read_and_what_is_read_is_committed(database: Database) -> None:
    assert await database.write(insert(7)) == 7
    assert await all_stored(database) == [7]
    with sqlite3.connect(database.path) as other:
        assert other.execute("SELECT id FROM entries").fetchall() == [(7,)]
    other.close()


async def test_writes_that_wait_share_a_commit(database: Database) -> None:
    held = await Held(database).began()
    waiting = [asyncio.ensure_future(database.write(insert(n))) for n in range(100)]
    await asyncio.sleep(0)
    before = COMMITS._value.get()
    await held.let_go()
    assert await asyncio.gather(*waiting) == list(range(100))
    assert COMMITS._value.get() - before == 2
    assert await all_stored(database) == list(range(100))


async def test_a_failing_write_leaves_the_others_of_its_commit(database: Database) -> None:
    def half(connection: Connection) -> None:
        insert(100)(connection)
        raise Refusal(ErrorCode.NOT_FOUND, "no")

    def wrong(connection: Connection) -> None:
        insert(101)(connection)
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    def own_fault(connection: Connection) -> None:
        insert(102)(connection)
        raise KeyError("x")

    held = await Held(database).began()
    jobs: list[Any] = [insert(1), half, insert(2), wrong, insert(1), own_fault, insert(3)]
    waiting = [asyncio.ensure_future(database.write(job)) for job in jobs]
    await asyncio.sleep(0)
    await held.let_go()
    one, refused, two, broken, twice, fault, three = await asyncio.gather(*waiting, return_exceptions=True)
    assert (one, two, three) == (1, 2, 3)
    assert isinstance(refused, Refusal) and refused.code is ErrorCode.NOT_FOUND
    assert isinstance(broken, Refusal) and broken.code is ErrorCode.STORAGE_FAILED
    assert isinstance(twice, Refusal) and twice.code is ErrorCode.STORAGE_FAILED
    assert isinstance(fault, KeyError)
    assert await all_stored(database) == [1, 2, 3]


async def test_then_is_called_after_the_commit_though_nobody_waits_any_more(database: Database) -> None:
    told: list[int] = []
    held = await Held(database).began()
    waiting = asyncio.ensure_future(database.write(insert(5), then=told.append))
    await asyncio.sleep(0)
    waiting.cancel()
    await held.let_go()
    await database.write(insert(6), then=told.append)
    assert told == [5, 6]
    assert await all_stored(database) == [5, 6]


async def test_then_is_not_called_for_what_failed(database: Database) -> None:
    told: list[int] = []
    await database.write(insert(5), then=told.append)
    with pytest.raises(Refusal):
        await database.write(insert(5), then=told.append)
    assert told == [5]


async def test_a_then_that_fails_keeps_nobody_waiting(database: Database) -> None:
    def fail(_number: int) -> None:
        raise RuntimeError("a listener's fault")

    held = await Held(database).began()
    waiting = [asyncio.ensure_future(database.write(insert(n), then=fail if n == 0 else None)) for n in range(3)]
    await asyncio.sleep(0)
    await held.let_go()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == [0, 1, 2]


async def test_listeners_hear_of_each_commit(database: Database) -> None:
    heard = asyncio.Event()
    database.on_commit(heard.set)
    await database.write(insert(1))
    await asyncio.wait_for(heard.wait(), 10)


async def test_a_number_that_sqlite_cant_hold_is_a_bad_request(database: Database) -> None:
    with pytest.raises(Refusal) as refused:
        await database.write(insert(2**64))
    assert refused.value.code is ErrorCode.BAD_REQUEST
    with pytest.raises(Refusal) as refused:
        await database.read(lambda c: c.exec_driver_sql("SELECT * FROM entries WHERE id = ?", (2**64,)).all())
    assert refused.value.code is ErrorCode.BAD_REQUEST
    assert await database.write(insert(1)) == 1


async def test_a_reader_sees_one_moment(database: Database) -> None:
    await database.write(insert(1))
    seen, written = threading.Event(), threading.Event()

    def look(connection: Connection) -> tuple[list[int], list[int]]:
        first = stored(connection)
        seen.set()
        assert written.wait(10)
        return first, stored(connection)

    reading = asyncio.ensure_future(database.read(look))
    await asyncio.to_thread(seen.wait, 10)
    await database.write(insert(2))
    written.set()
    assert await reading == ([1], [1])
    assert await all_stored(database) == [1, 2]


async def test_reads_that_fail_are_refused_and_the_reader_goes_on(database: Database) -> None:
    for _ in range(5):
        with pytest.raises(Refusal) as refused:
            await database.read(lambda c: c.exec_driver_sql("SELECT * FROM nowhere").all())
        assert refused.value.code is ErrorCode.STORAGE_FAILED
    assert await all_stored(database) == []


async def test_a_foreign_lock_is_waited_for(database: Database) -> None:
    other = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(database.write(insert(1)))
    assert await all_stored(database) == []
    other.execute("COMMIT")
    other.close()
    assert await waiting == 1


async def test_what_waits_at_the_close_is_still_stored(database: Database) -> None:
    held = await Held(database).began()
    waiting = [asyncio.ensure_future(database.write(insert(n))) for n in range(10)]
    await asyncio.sleep(0)
    held._go.set()
    await asyncio.to_thread(database.close)
    assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == list(range(10))


async def test_a_write_after_the_close_is_refused(database: Database) -> None:
    database.close()
    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(database.write(insert(1)), 10)
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_a_store_keeps_its_id(database: Database) -> None:
    again = Database(database.path)
    assert again.store_id == database.store_id
    again.close()


@pytest.mark.spec("OPS-12", door="wire")
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Refusal) as refused:
        Database(path)
    assert refused.value.code is ErrorCode.STORAGE_FAILED


async def test_what_was_acknowledged_is_there_after_kill_9(database: Database) -> None:
    for start in range(3):
        process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            [sys.executable, str(PROGRAMS / "write_for_ever.py"), str(database.path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        acknowledged = [int(await asyncio.to_thread(process.stdout.readline)) for _ in range(100 * (start + 1))]
        os.kill(process.pid, signal.SIGKILL)
        rest = await asyncio.to_thread(process.stdout.read)
        process.stdout.close()
        process.wait()
        complete = [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
        acknowledged += [int(line) for line in complete]
        assert set(acknowledged) <= set(await all_stored(database))
        await database.write(lambda c: c.exec_driver_sql("DELETE FROM entries"))
