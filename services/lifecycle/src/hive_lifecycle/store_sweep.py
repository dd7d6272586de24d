"""The program that removes old events from one agent's store. It is a process of its own: where the service is root it
locks itself up in the store's folder and becomes the agent's user before it looks at anything there.

Run as `python -m hive_lifecycle.store_sweep FD UID BEFORE`: the open folder, the user (`-` to stay who one is), and
the time (ISO 8601, UTC) before which events go. Prints how many went, or why the store was left alone.
"""

import json
import os
import resource
import sqlite3
import stat
import sys
import time
from pathlib import Path

FILE = "events.db"
STORE_BYTES = 4 << 30
LOG_BYTES = 256 << 20
COLUMNS = ["n", "epoch", "at", "kind", "turn", "data"]
_BESIDE = ("-wal", "-shm", "-journal")
_SECONDS = 20.0
_CPU_SECONDS = 30
_MEMORY_BYTES = 512 << 20
_FILES = 32
_BATCH = 5000
_STEPS_PER_LOOK = 1000


class LeftAlone(Exception):
    """The store is not what a harness makes; nothing was changed."""


def main(folder: int, uid: str, before: str) -> dict[str, int | str]:
    """What became of it, for whoever started this program."""
    try:
        _lock_up(folder, None if uid == "-" else int(uid))
        return {"removed": _sweep(before)}
    except FileNotFoundError:
        return {"removed": 0}
    except (LeftAlone, sqlite3.Error, OSError, ValueError) as error:
        return {"left_alone": str(error)[:300]}


def _lock_up(folder: int, uid: int | None) -> None:
    for limit, most in (
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, STORE_BYTES),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    os.fchdir(folder)
    os.close(folder)
    if uid is None:
        return
    if Path().stat().st_uid != uid:
        raise LeftAlone("the folder is not the agent's")
    os.chroot(".")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _sweep(before: str) -> int:
    if not os.path.lexists(FILE):
        return 0
    _check_file(FILE, STORE_BYTES)
    for suffix in _BESIDE:
        if os.path.lexists(FILE + suffix):
            _check_file(FILE + suffix, LOG_BYTES)
    connection = _connect()
    try:
        _check_schema(connection)
        removed = 0
        while True:
            gone = connection.execute(
                "DELETE FROM events WHERE n IN (SELECT n FROM events WHERE at < ? ORDER BY at LIMIT ?)",
                (before, _BATCH),
            ).rowcount
            removed += gone
            if gone < _BATCH:
                return removed
    finally:
        connection.close()


def _check_file(name: str, limit: int) -> None:
    seen = os.lstat(name)
    if not stat.S_ISREG(seen.st_mode) or seen.st_nlink != 1:
        raise LeftAlone(f"{name} is no regular file of its own")
    if seen.st_size > limit:
        raise LeftAlone(f"{name} is larger than {limit} bytes")


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{FILE}?mode=rw", uri=True, isolation_level=None, timeout=2.0)
    deadline = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_PER_LOOK)
    for limit, value in (
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 50),
    ):
        connection.setlimit(limit, value)
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "cache_size=-2048", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _check_schema(connection: sqlite3.Connection) -> None:
    """Only what a harness made: a table `events`, and neither views nor triggers."""
    kinds = {row[0] for row in connection.execute("SELECT DISTINCT type FROM sqlite_master")}
    if kinds - {"table", "index"}:
        raise LeftAlone("it has views or triggers")
    columns = [row[1] for row in connection.execute("PRAGMA table_xinfo(events)")]
    if columns != COLUMNS:
        raise LeftAlone("it has another schema")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), sys.argv[2], sys.argv[3])))
