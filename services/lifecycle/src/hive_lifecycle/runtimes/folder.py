"""The runtime's own folder of one agent: its spec, its present or last run, how that ended, its log.

Files are replaced whole, so a reader never sees half of one. One lock per agent keeps two services apart.
"""

import asyncio
import fcntl
import json
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hive_lifecycle.runtimes.interface import AgentSpec, Exited, Mount, UnknownAgent
from hive_lifecycle.runtimes.processes import Identity

Record = dict[str, Any]  # Any: JSON as it lies on disk, checked by whoever builds a value from it

_LOCK_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Run:
    """One run of an agent: its shim, the harness's pid (None when it ended at once), its control groups."""

    run_id: str
    shim: Identity
    pid: int | None
    started_at: datetime
    cgroups: tuple[Path, ...]


@dataclass(frozen=True)
class AgentFolder:
    """`<root>/<name>/`, readable by the service's own user alone."""

    root: Path
    name: str

    @property
    def path(self) -> Path:
        return self.root / self.name

    @property
    def log(self) -> Path:
        return self.path / "log"

    def make(self) -> None:
        self.path.mkdir(mode=0o700, exist_ok=True)

    def read_spec(self) -> AgentSpec:
        """Raises UnknownAgent when there is none."""
        record = read_record(self.path / "spec.json")
        if record is None:
            raise UnknownAgent(self.name)
        return spec_of(record)

    def exists(self) -> bool:
        return (self.path / "spec.json").exists()

    def write_spec(self, spec: AgentSpec) -> None:
        self.make()
        self.write("spec.json", asdict(spec))

    def write(self, file: str, record: Record) -> None:
        """Replace one JSON file durably."""
        fresh = self.path / f".{file}.new"
        with open(fresh, "w", opener=_private) as stream:
            json.dump(record, stream, default=str)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.path / file)

    def run(self) -> Run | None:
        """The present or last run."""
        record = read_record(self.path / "run.json")
        if record is None:
            return None
        return Run(
            run_id=record["run_id"],
            shim=Identity(record["shim"], record["shim_start"], record["boot"]),
            pid=record["pid"],
            started_at=datetime.fromtimestamp(record["started"], UTC),
            cgroups=tuple(Path(group) for group in record["cgroups"]),
        )

    def ended(self, run: Run) -> Exited | None:
        """How that run ended; None while it lasts and when nobody saw its end."""
        record = read_record(self.path / "exit.json")
        if record is None or record["run_id"] != run.run_id:
            return None
        at = datetime.fromtimestamp(record["at"], UTC)
        return Exited(self.name, run.run_id, record["code"], record["signal"], record["asked"], at)

    def forget(self, *, purge: bool) -> None:
        """Remove all, or all but the log."""
        if purge:
            shutil.rmtree(self.path, ignore_errors=True)
        for leftover in ("spec.json", "run.json", "exit.json", "launch.json", "grace"):
            (self.path / leftover).unlink(missing_ok=True)

    @asynccontextmanager
    async def locked(self) -> AsyncGenerator[int]:
        """Hold this agent against every other process and task of this machine; gives the lock's descriptor."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        locks = self.root / ".locks"
        locks.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(locks / self.name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 - another process holds it: no event comes
                await asyncio.sleep(_LOCK_POLL_SECONDS)
            yield descriptor
        finally:
            os.close(descriptor)


def folders(root: Path) -> list[AgentFolder]:
    """All folders below root, of destroyed agents too, sorted by name."""
    try:
        names = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    return [AgentFolder(root, name) for name in names]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_record(path: Path) -> Record | None:
    """One JSON file; None when it is not there, or is not JSON."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def spec_of(record: Record) -> AgentSpec:
    """A spec as it was written."""
    mounts = tuple(
        Mount(Path(mount["source"]), mount["target"], mount["writable"], mount["shared"]) for mount in record["mounts"]
    )
    fields: Record = record | {
        "argv": tuple(record["argv"]),
        "groups": tuple(record["groups"]),
        "mounts": mounts,
    }
    return AgentSpec(**fields)
