"""Pages of a stopped agent's history, read from its event store.

The file belongs to the agent, so nothing in it is trusted: only regular files of bounded size are opened, read-only,
with little time and memory for SQLite; rows that are no events are refused, not shown.
"""

import json
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from hive_wire.agent import LiveHistory, LiveHistoryRequest
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.live import LiveEvent
from pydantic import ValidationError

FILE = "events.db"
STORE_BYTES = 4 << 30
LOG_BYTES = 256 << 20
PAGE_BYTES = 4 << 20
_ROW_BYTES = 2 << 20
_SECONDS = 3.0
_STEPS_PER_LOOK = 1000


def read_page(folder: Path, agent: str, request: LiveHistoryRequest) -> LiveHistory:
    """A page of the events stored in `folder`; empty where nothing was stored. Refuses `storage_failed` for a file
    that is no event store. Blocks; call it in a thread."""
    try:
        with _opened(folder / FILE) as connection:
            return LiveHistory.model_validate(_page(connection, agent, request))
    except FileNotFoundError:
        return LiveHistory(events=[], more=False)
    except (sqlite3.Error, OSError, ValueError, TypeError, ValidationError) as error:
        text = f"the stored history of {agent} can't be read: {str(error).splitlines()[0][:200]}"
        raise Refusal(ErrorCode.STORAGE_FAILED, text, agent=agent) from error


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    """The store, opened so that nothing beside it is written: SQLite would make its `-shm` file there, as ours.

    What a crash left in the write-ahead log is merged in a copy.
    """
    _check(path, STORE_BYTES)
    log = path.with_name(f"{path.name}-wal")
    if not os.path.lexists(log) or not log.lstat().st_size:
        with closing(_connect(f"file:{_quoted(path)}?mode=ro&immutable=1")) as connection:
            yield connection
        return
    _check(log, LOG_BYTES)
    with tempfile.TemporaryDirectory(prefix="hive-history-") as place:
        for source in (path, log):
            _copy(source, Path(place, source.name))
        with closing(_connect(f"file:{_quoted(Path(place, path.name))}")) as connection:
            yield connection


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    deadline = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_LOOK)
    for limit, value in (
        (sqlite3.SQLITE_LIMIT_LENGTH, _ROW_BYTES),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 50),
    ):
        connection.setlimit(limit, value)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "cache_size=-2048"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _page(connection: sqlite3.Connection, agent: str, request: LiveHistoryRequest) -> dict[str, Any]:  # Any: a model
    if request.after is not None:
        rows = connection.execute(
            "SELECT n, epoch, at, kind, turn, data FROM events WHERE n > ? ORDER BY n LIMIT ?",
            (request.after, request.limit + 1),
        )
    else:
        rows = connection.execute(
            "SELECT n, epoch, at, kind, turn, data FROM events WHERE n < ? ORDER BY n DESC LIMIT ?",
            (request.before if request.before is not None else (1 << 63) - 1, request.limit + 1),
        )
    events, size, more = list[LiveEvent](), 0, False
    for row in rows:
        size += len(row[5]) + len(row[3])
        if len(events) == request.limit or (events and size > PAGE_BYTES):
            more = True
            break
        events.append(_event(agent, row))
    return {"events": events if request.after is not None else events[::-1], "more": more}


def _event(agent: str, row: tuple[Any, ...]) -> LiveEvent:  # Any: whatever the agent stored
    n, epoch, at, kind, turn, data = row
    fields = {"n": n, "epoch": epoch, "at": datetime.fromisoformat(at), "kind": kind, "turn": turn}
    return LiveEvent.model_validate({"agent": agent, **fields, "data": json.loads(data)})


def _check(path: Path, limit: int) -> None:
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise ValueError(f"{path.name} is no regular file")
    if seen.st_size > limit:
        raise ValueError(f"{path.name} is larger than {limit} bytes")


def _copy(source: Path, target: Path) -> None:
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
