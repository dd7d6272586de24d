"""What systemd says of containers' units, and what is asked of it. How a unit's end is read is decided here."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hive_lifecycle.runtimes.nixos.commands import Done, run
from hive_lifecycle.runtimes.nixos.settings import NixosSettings
from hive_lifecycle.runtimes.processes import Identity, boot_id, start_time

HARNESS_UNIT = "hyperhive-harness.service"
_PROPERTIES = (
    "Id", "ActiveState", "Result", "ExecMainCode", "ExecMainStatus", "InvocationID", "MainPID",
    "ActiveEnterTimestampMonotonic", "InactiveEnterTimestampMonotonic", "NeedDaemonReload",
)  # fmt: skip
_POLL_SECONDS = 0.1
_EXITED = 1


class SystemdSilent(OSError):
    """`systemctl show` did not answer; the text is what it said instead."""


@dataclass(frozen=True)
class Unit:
    """One container's unit. systemd forgets a unit that ended well: then there is no invocation."""

    active: str
    invocation: str = ""
    pid: int = 0
    result: str = "success"
    exit_code: int | None = None
    exit_signal: int | None = None
    entered_at: datetime | None = None
    left_at: datetime | None = None
    stale: bool = False
    """Its files changed since systemd read them."""

    @property
    def is_up(self) -> bool:
        """It exists in some form, on its way up or down included."""
        return self.active not in ("inactive", "failed")

    @property
    def process(self) -> Identity | None:
        """Its main process, which ends when all of it has gone."""
        started = start_time(self.pid) if self.pid else None
        return None if started is None else Identity(self.pid, started, boot_id())


@dataclass(frozen=True)
class Units:
    """systemctl, for units of containers."""

    settings: NixosSettings

    async def look(self, name: str) -> Unit:
        """Raises SystemdSilent."""
        return (await self.look_at([name]))[name]

    async def look_at(self, names: Sequence[str]) -> dict[str, Unit]:
        """All of them with one call. Raises SystemdSilent."""
        if not names:
            return {}
        units = [_unit(name) for name in names]
        done = await run(self.settings.systemctl, "show", "--property", ",".join(_PROPERTIES), *units)
        found = {unit["Id"]: _read(unit) for unit in _blocks(done.out) if "Id" in unit}
        if not done.ok or any(unit not in found for unit in units):
            raise SystemdSilent(f"systemd does not say how containers are: {done.reason}")
        return {name: found[_unit(name)] for name in names}

    async def start(self, name: str) -> Done:
        """Returns when it is up, or is not going to be."""
        await self.ask("reset-failed", _unit(name))
        return await self.ask("start", _unit(name))

    async def stop(self, name: str) -> Done:
        """Ask for its end; does not wait."""
        return await self.ask("stop", "--no-block", _unit(name))

    async def kill(self, name: str) -> Done:
        return await self.ask("kill", "--signal=KILL", _unit(name))

    async def reload(self, name: str) -> Done:
        """Switch it to the system in its profile."""
        return await self.ask("reload", _unit(name))

    async def restart_harness(self, name: str) -> Done:
        return await self.ask("--machine", name, "restart", HARNESS_UNIT)

    async def ask(self, *words: str) -> Done:
        return await run(self.settings.systemctl, *words)

    async def gone(self, name: str, seconds: float) -> bool:
        """Wait until all of it has ended; False when it outlives that."""
        deadline = time.monotonic() + seconds
        while (unit := await self.look(name)).is_up:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if unit.process is None or await unit.process.wait(min(left, 1.0)):
                await asyncio.sleep(_POLL_SECONDS)
        return True


def _unit(name: str) -> str:
    return f"container@{name}.service"


def _blocks(text: str) -> Iterable[dict[str, str]]:
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        yield {key: value for key, _, value in pairs}


def _read(values: dict[str, str]) -> Unit:
    code, status = _number(values, "ExecMainCode"), _number(values, "ExecMainStatus")
    by_signal = code > _EXITED
    return Unit(
        active=values.get("ActiveState", ""),
        invocation=values.get("InvocationID", ""),
        pid=_number(values, "MainPID"),
        result=values.get("Result", ""),
        exit_code=None if code == 0 else 128 + status if by_signal else status,
        exit_signal=status if by_signal else None,
        entered_at=_moment(_number(values, "ActiveEnterTimestampMonotonic")),
        left_at=_moment(_number(values, "InactiveEnterTimestampMonotonic")),
        stale=values.get("NeedDaemonReload") == "yes",
    )


def _number(values: dict[str, str], key: str) -> int:
    text = values.get(key, "")
    return int(text) if text.isdigit() else 0


def _moment(microseconds: int) -> datetime | None:
    """Of the clock that stands still while the machine sleeps, as systemd has it."""
    if not microseconds:
        return None
    passed = time.clock_gettime(time.CLOCK_MONOTONIC) - microseconds / 1e6
    return datetime.fromtimestamp(time.time() - passed, UTC)
