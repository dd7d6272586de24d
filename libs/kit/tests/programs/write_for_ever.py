"""Writes numbers into a database for ever and says each one when it is committed: for being killed."""

import asyncio
import sys
from pathlib import Path

from hive_kit.database import Database


async def main() -> None:
    database = Database(Path(sys.argv[1]))
    number = iter(range(10**9))

    def insert(value):
        return lambda c: c.exec_driver_sql("INSERT INTO entries (id, body) VALUES (?, 'x')", (value,))

    async def write() -> None:
        for value in number:
            await database.write(insert(value))
            sys.stdout.write(f"{value}\n")
            sys.stdout.flush()

    await asyncio.gather(*(write() for _ in range(8)))


asyncio.run(main())
