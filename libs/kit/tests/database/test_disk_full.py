"""A full disk: refused, nothing half stored, and it goes on when there is room."""

import asyncio
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from hive_kit.database import Database, migrate
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

MEGABYTE = 1 << 20


def insert(connection: Connection) -> int:
    row = connection.exec_driver_sql("INSERT INTO entries (body) VALUES (?) RETURNING id", ("x" * 100_000,))
    return row.scalar_one()


def numbers(connection: Connection) -> list[int]:
    return list(connection.exec_driver_sql("SELECT id FROM entries ORDER BY id").scalars())


async def fill(database: Database) -> list[int]:
    """Write until the disk is full; what was acknowledged."""
    acknowledged: list[int] = []
    with pytest.raises(Refusal) as refused:
        for _ in range(1000):
            acknowledged.append(await database.write(insert))
    assert refused.value.code is ErrorCode.DISK_FULL
    return acknowledged


async def test_a_database_at_its_limit_refuses_and_recovers(database: Database) -> None:
    await database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 200"))
    acknowledged = await fill(database)
    assert acknowledged
    assert await database.read(numbers) == acknowledged
    together = await asyncio.gather(*(database.write(insert) for _ in range(5)), return_exceptions=True)
    assert {error.code for error in together if isinstance(error, Refusal)} == {ErrorCode.DISK_FULL}
    assert await database.read(numbers) == acknowledged
    await database.write(lambda c: c.exec_driver_sql("DELETE FROM entries WHERE id <= ?", (acknowledged[2],)))
    await database.write(insert)


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_refuses_stores_nothing_of_it_and_recovers(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "programs")
    path = small_disk / "ledger.db"
    await asyncio.to_thread(migrate, path, "ledger")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (MEGABYTE // 2))
    database = Database(path)
    acknowledged = await fill(database)
    assert acknowledged
    assert await database.read(numbers) == acknowledged
    ballast.unlink()
    acknowledged.append(await database.write(insert))
    assert await database.read(numbers) == acknowledged
    database.close()


async def test_a_disk_that_was_full_at_the_start_is_said_so(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "programs")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(Refusal) as refused:
        await asyncio.to_thread(migrate, small_disk / "ledger.db", "ledger")
    assert refused.value.code is ErrorCode.DISK_FULL
    ballast.unlink()
    await asyncio.to_thread(migrate, small_disk / "ledger.db", "ledger")
    Database(small_disk / "ledger.db").close()
