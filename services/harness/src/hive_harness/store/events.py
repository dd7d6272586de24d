"""Reading and writing the event store, on one thread of its own."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import structlog
from hive_wire.model import iso

log = structlog.get_logger()

T = TypeVar("T")

FILE = "events.db"
KEEP_EVENTS = timedelta(days=7)
KEEP_TURNS = timedelta(days=90)
_COLUMNS = "n, epoch, at, kind, turn, data"


@dataclass(frozen=True)
class StoredEvent:
    """One row of `events`; `data` is JSON."""

    n: int
    epoch: int
    at: str
    kind: str
    turn: str | None
    data: str


@dataclass(frozen=True)
class TurnRow:
    """One row of `turns`. Times are ISO 8601 in UTC; `woken_by` and `tools` are JSON."""

    turn: str
    epoch: int
    model: str | None
    woken_by: str
    outcome: str
    reason: str | None
    started_at: str
    ended_at: str
    seconds: float
    ctx_tokens: int | None
    ctx_limit: int | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    last_input_tokens: int | None
    last_cache_read_tokens: int | None
    last_cache_write_tokens: int | None
    cost_usd: float
    session_cost_usd: float | None
    tool_calls: int
    tools: str


class EventStore:
    """An open store. Its methods raise sqlite3.Error when the disk or the file gives out."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def last_number(self) -> int:
        """The highest number that was ever given."""
        return await self._run(self._last_number)

    async def append(self, rows: Sequence[StoredEvent]) -> None:
        """Store `rows` under their numbers, in one transaction."""
        await self._run(lambda: self._append(rows))

    async def page(self, after: int | None, before: int | None, limit: int) -> list[StoredEvent]:
        """At most `limit` events, oldest first: those after `after`, else the last ones before `before`."""
        return await self._run(lambda: self._page(after, before, limit))

    async def add_turn(self, row: TurnRow) -> None:
        """Store a turn's statistics."""
        names = [field.name for field in fields(TurnRow)]
        marks = ", ".join("?" * len(names))
        await self._run(
            lambda: self._write(f"INSERT INTO turns ({', '.join(names)}) VALUES ({marks})", tuple(asdict(row).values()))
        )

    async def last_turn(self) -> tuple[int, TurnRow | None]:
        """How many turns there were, and the last of them."""
        return await self._run(self._last_turn)

    async def sweep(self, now: datetime) -> int:
        """Remove what is older than it is kept; returns how many rows."""
        return await self._run(lambda: self._sweep(now))

    async def close(self) -> None:
        """Close the file."""
        await self._run(self._connection.close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _last_number(self) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return int(row[0]) if row else 0

    def _append(self, rows: Sequence[StoredEvent]) -> None:
        with self._connection:
            self._connection.executemany(
                f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                [(row.n, row.epoch, row.at, row.kind, row.turn, row.data) for row in rows],
            )

    def _page(self, after: int | None, before: int | None, limit: int) -> list[StoredEvent]:
        if after is not None:
            query, values = f"SELECT {_COLUMNS} FROM events WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
            return [StoredEvent(*row) for row in self._connection.execute(query, values)]
        query = f"SELECT {_COLUMNS} FROM events WHERE n < ? ORDER BY n DESC LIMIT ?"
        newest = before if before is not None else sys.maxsize
        return [StoredEvent(*row) for row in self._connection.execute(query, (newest, limit))][::-1]

    def _write(self, statement: str, values: tuple[Any, ...]) -> int:  # Any: a column's value
        with self._connection:
            return self._connection.execute(statement, values).rowcount

    def _last_turn(self) -> tuple[int, TurnRow | None]:
        names = ", ".join(field.name for field in fields(TurnRow))
        count = self._connection.execute("SELECT coalesce(max(id), 0) FROM turns").fetchone()[0]
        row = self._connection.execute(f"SELECT {names} FROM turns ORDER BY id DESC LIMIT 1").fetchone()
        return int(count), TurnRow(*row) if row else None

    def _sweep(self, now: datetime) -> int:
        removed = self._write("DELETE FROM events WHERE at < ?", (iso(now - KEEP_EVENTS),))
        return removed + self._write("DELETE FROM turns WHERE ended_at < ?", (iso(now - KEEP_TURNS),))


async def open_store(folder: Path) -> EventStore | None:
    """Open the store in `folder`, its schema up to date. None, with a warning logged, where that can't be done."""
    path = folder / FILE
    thread = ThreadPoolExecutor(1, thread_name_prefix="store")
    try:
        await _bring_up_to_date(path)
        connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, path)
    except (OSError, sqlite3.Error, RuntimeError) as error:
        thread.shutdown(wait=False)
        log.warning("store_unavailable", path=str(path), error=str(error))
        return None
    return EventStore(connection, thread)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # a lost last second of history is bearable, mail is not here
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA cache_size=-512")
    connection.execute("SELECT n FROM events LIMIT 1")
    return connection


async def _bring_up_to_date(path: Path) -> None:
    if _revision(path) == _newest_revision():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    migration = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hive_harness.store.migrate",
        str(path),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await migration.communicate()
    if migration.returncode != 0:
        raise RuntimeError(f"the schema could not be brought up to date: {errors.decode(errors='replace')[-500:]}")


def _newest_revision() -> str:
    versions = resources.files("hive_harness.store").joinpath("migrations", "versions")
    return max(file.name for file in versions.iterdir() if file.name.endswith(".py")).removesuffix(".py")


def _revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(row[0]) if row else None


def encode(data: dict[str, Any]) -> str:  # Any: differs by kind
    """`data` as it is stored; half characters, which a tool's output may hold, become `?`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode(errors="replace").decode()
