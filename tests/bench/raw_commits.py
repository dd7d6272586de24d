"""The storage limits: a raw sqlite3 transaction synced to disk, and an ORM that commits once for each message."""

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")


class RawCommits:
    """`BEGIN IMMEDIATE`, one INSERT, `COMMIT` with `synchronous=FULL`, nothing else."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, recipient TEXT, body TEXT)")

    def seconds(self, count: int, body: str) -> list[float]:
        """How long each of `count` transactions took."""
        taken: list[float] = []
        for _ in range(count):
            began = time.perf_counter()
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("INSERT INTO messages (recipient, body) VALUES ('scout', ?)", (body,))
            self._connection.execute("COMMIT")
            taken.append(time.perf_counter() - began)
        return taken

    def close(self) -> None:
        self._connection.close()


class _Base(DeclarativeBase):
    pass


class _Message(_Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    state: Mapped[str]


class _Outbox(_Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    payload: Mapped[str]


class OrmStore:
    """What a service would be with an ORM: each send its own session and commit, in a worker thread, for asyncio."""

    def __init__(self, path: Path) -> None:
        engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare)
        _Base.metadata.create_all(engine)
        self._engine = engine
        self._session: sessionmaker[Session] = sessionmaker(engine)
        self._thread = ThreadPoolExecutor(1)
        self._number = 0

    async def send(self, body: str) -> int:
        """Store a message and its event; returns its id once it is committed."""
        self._number += 1
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store, self._number, body)

    def _store(self, number: int, body: str) -> int:
        with self._session() as session:
            message = _Message(sender="operator", key=f"k{number}", recipient="scout", body=body, state="pending")
            session.add(message)
            session.flush()
            session.add(_Outbox(subject="hive.evt.broker.message.stored", payload=body))
            session.commit()
            return message.id

    def close(self) -> None:
        self._thread.shutdown()
        self._engine.dispose()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
