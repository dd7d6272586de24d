"""Pages of a container's journal, read from its files: they are the same while it runs and after, so a container that
ends meanwhile makes no difference. A cursor is journald's own.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from hive_lifecycle.runtimes.interface import LogPage, LogUnit
from hive_lifecycle.runtimes.nixos.commands import chunks
from hive_lifecycle.runtimes.nixos.settings import NixosSettings
from hive_lifecycle.runtimes.nixos.units import HARNESS_UNIT

_BEGINNING = "beginning"
_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_COMM,SYSLOG_PID,_PID"

_Entry = dict[str, Any]  # Any: a journal entry as JSON; values are text, numbers of bytes, or lists of such


@dataclass(frozen=True)
class Journal:
    """The journal below one folder."""

    settings: NixosSettings
    folder: Path
    unit: LogUnit

    async def page(self, lines: int, after: str | None) -> LogPage:
        """The last lines, or the first ones behind a cursor; of an entry with several lines all or none."""
        if not self.folder.is_dir():
            return LogPage((), _BEGINNING, cut=after not in (None, _BEGINNING))
        if after is None:
            found, cursor = await self._read(None, f"--lines={lines}")
            return LogPage(tuple(found[-lines:]), cursor or _BEGINNING)
        if after == _BEGINNING:
            found, cursor = await self._read(lines)
            return LogPage(tuple(found), cursor or after)
        found, cursor = await self._read(lines, f"--after-cursor={after}")
        if cursor is None and not await self._knows(after):
            found, cursor = await self._read(lines)
            return LogPage(tuple(found), cursor or _BEGINNING, cut=True)
        return LogPage(tuple(found), cursor or after)

    async def _knows(self, cursor: str) -> bool:
        """Whether journald takes that for a cursor of its own."""
        async with aclosing(chunks(*self._command(f"--cursor={cursor}", "--lines=1"))) as output:
            return bool([chunk async for chunk in output])

    async def _read(self, limit: int | None, *which: str) -> tuple[list[str], str | None]:
        """Lines of whole entries up to the limit, and the cursor of the last entry taken."""
        found: list[str] = []
        cursor: str | None = None
        rest = b""
        async with aclosing(chunks(*self._command(*which))) as output:
            async for chunk in output:
                *whole, rest = (rest + chunk).split(b"\n")
                for entry in _entries(whole):
                    lines = self._lines(entry)
                    if limit is not None and found and len(found) + len(lines) > limit:
                        return found, cursor
                    found += lines
                    cursor = entry.get("__CURSOR", cursor)
                await asyncio.sleep(0)
        return found, cursor

    def _command(self, *which: str) -> list[str]:
        command = [self.settings.journalctl, "--quiet", "--no-pager", "--output=json", f"--output-fields={_FIELDS}"]
        command += ["--all", f"--directory={self.folder}", *which]
        return [*command, f"--unit={HARNESS_UNIT}"] if self.unit == "harness" else command

    def _lines(self, entry: _Entry) -> list[str]:
        lines = _text(entry.get("MESSAGE")).split("\n")
        if self.unit == "harness":
            return lines
        head = _head(entry)
        return [head + line for line in lines]


def _entries(lines: list[bytes]) -> Iterator[_Entry]:
    for line in lines:
        try:
            entry: Any = json.loads(line)  # Any: checked below
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield cast("_Entry", entry)


def _head(entry: _Entry) -> str:
    """When and who, as journalctl has it in its `short-iso` output."""
    stamp = _text(entry.get("__REALTIME_TIMESTAMP"))
    at = datetime.fromtimestamp(int(stamp) / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000") if stamp.isdigit() else ""
    who = _text(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM")) or "unknown"
    pid = _text(entry.get("SYSLOG_PID") or entry.get("_PID"))
    return f"{at} {who}[{pid}]: " if pid else f"{at} {who}: "


def _text(value: Any) -> str:  # Any: text, or a list of byte values where it isn't valid text, or of several texts
    if value is None:
        return ""
    if not isinstance(value, list):
        return str(value)
    several = cast("list[Any]", value)  # Any: as above
    if all(isinstance(byte, int) for byte in several):
        return bytes(several).decode(errors="replace")
    return _text(several[-1])
