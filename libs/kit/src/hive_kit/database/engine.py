"""One SQLite file: a writer thread that shares commits, and reader threads.

Each write job runs in a savepoint of its own; jobs that are waiting share one `BEGIN IMMEDIATE … COMMIT` with
`synchronous=FULL`, and nobody's result leaves before that commit. Decides nothing about what is stored.
"""

import asyncio
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from hive_kit.metrics import COMMITS, WRITES

log = structlog.get_logger()

T = TypeVar("T")

_WRITTEN = WRITES.labels("ok")
_FAILED = WRITES.labels("failed")
_BATCH = 256
_BUSY_MILLISECONDS = 5000


@dataclass
class _Job:
    work: Callable[[Connection], Any]  # Any: each job has its own result
    done: "asyncio.Future[Any]"
    then: Callable[[Any], None] | None
    result: Any = None
    error: BaseException | None = None


class Database:
    """A service's database, opened. Use from one event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._committed: list[Callable[[], None]] = []
        self._closing = False
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=NullPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,  # what people write to each other stays out of the logs
        )
        event.listen(self._engine, "connect", _prepare)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix=f"read-{path.stem}")
        self._reader = threading.local()
        self._opened: list[Connection] = []
        try:
            self._writer_connection = self._connect()
        except DBAPIError as error:
            raise storage_refusal(error) from error
        self.store_id = self._ensure_store_id()
        self._writer = threading.Thread(target=self._write_for_ever, name=f"write-{path.stem}", daemon=True)
        self._writer.start()

    async def write(self, work: Callable[[Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Run `work` in the writer and return its result once it is committed to disk.

        `then(result)` is called on the event loop right after the commit, also when the caller gave up waiting.
        Raises what `work` raised (its savepoint is rolled back), or Refusal `disk_full` / `storage_failed` /
        `unavailable` (closed already): then nothing of it is stored.
        """
        if self._closing:
            raise Refusal(ErrorCode.UNAVAILABLE, "the database is closed; nothing was stored")
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, done, then))
        return await done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reader's connection, in a snapshot of its own. Raises Refusal `storage_failed`."""
        return await self._loop.run_in_executor(self._readers, self._read, work)

    def on_commit(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the event loop after each commit."""
        self._committed.append(wake)

    def close(self) -> None:
        """Finish the writes that are waiting and close."""
        if self._closing:
            return
        self._closing = True
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self._engine.dispose()

    def _connect(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._opened.append(connection)
        return connection

    def _ensure_store_id(self) -> str:
        connection = self._writer_connection
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql(
            "INSERT INTO store (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)", (uuid.uuid4().hex[:12],)
        )
        return str(connection.execute(text("SELECT id FROM store")).scalar_one())

    def _read(self, work: Callable[[Connection], T]) -> T:
        connection: Connection | None = getattr(self._reader, "connection", None)
        if connection is None:
            connection = self._reader.connection = self._connect()
        try:
            connection.exec_driver_sql("BEGIN")
            try:
                return work(connection)
            finally:
                connection.exec_driver_sql("COMMIT")
        except (DBAPIError, sqlite3.Error, OverflowError) as error:
            raise storage_refusal(error) from error

    def _write_for_ever(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            batch = [job]
            stop = False
            while len(batch) < _BATCH:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                batch.append(following)
            self._commit(batch)
            self._loop.call_soon_threadsafe(self._settle, batch)
            if stop:
                return

    def _commit(self, batch: list[_Job]) -> None:
        connection = self._writer_connection
        sqlite = raw(connection)
        try:
            sqlite.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._run(connection, sqlite, job)
            sqlite.execute("COMMIT")
        except (DBAPIError, sqlite3.Error) as error:
            self._roll_back(sqlite)
            refusal = storage_refusal(error)
            for job in batch:
                job.error = job.error or refusal
            log.error("commit_failed", database=str(self.path), error=str(error), jobs=len(batch))
        else:
            COMMITS.inc()

    def _run(self, connection: Connection, sqlite: sqlite3.Connection, job: _Job) -> None:
        sqlite.execute("SAVEPOINT job")
        try:
            job.result = job.work(connection)
        except OverflowError as error:
            job.error = storage_refusal(error)
        except (DBAPIError, sqlite3.Error) as error:
            if not sqlite.in_transaction:
                raise  # SQLite rolled the whole transaction back (disk full, I/O error): nobody's write is in
            job.error = refusal = storage_refusal(error)
            trace = None if refusal.code is ErrorCode.DISK_FULL else error
            log.error("write_failed", database=str(self.path), code=refusal.code, exc_info=trace)
        except Exception as error:  # the job's caller gets it; the other jobs of the batch go on
            job.error = error
        if job.error is not None:
            sqlite.execute("ROLLBACK TO job")
        sqlite.execute("RELEASE job")

    def _roll_back(self, sqlite: sqlite3.Connection) -> None:
        if sqlite.in_transaction:
            sqlite.execute("ROLLBACK")

    def _settle(self, batch: list[_Job]) -> None:
        failed = sum(job.error is not None for job in batch)
        _WRITTEN.inc(len(batch) - failed)
        _FAILED.inc(failed)
        for job in batch:
            if job.error is None and job.then is not None:
                self._tell(job.then, job.result)
            if job.done.done():
                continue
            if job.error is not None:
                job.done.set_exception(job.error)
            else:
                job.done.set_result(job.result)
        for wake in self._committed:
            wake()

    def _tell(self, then: Callable[[Any], None], result: Any) -> None:  # Any: each job has its own result
        try:
            then(result)
        except Exception as error:  # the commit stands, and those who share it must hear of theirs
            log.error("after_commit_failed", database=str(self.path), exc_info=error)


def raw(connection: Connection) -> sqlite3.Connection:
    """The sqlite3 connection itself, for the hottest statements: SQLAlchemy's results cost more than those do."""
    sqlite = connection.connection.dbapi_connection
    assert isinstance(sqlite, sqlite3.Connection)
    return sqlite


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def storage_refusal(error: Exception) -> Refusal:
    """What SQLite said, as the wire says it."""
    if isinstance(error, OverflowError):
        return Refusal(ErrorCode.BAD_REQUEST, "a number is larger than the database can hold")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return Refusal(ErrorCode.DISK_FULL, "the disk is full; nothing was stored")
    return Refusal(ErrorCode.STORAGE_FAILED, f"the database refused: {cause}")
