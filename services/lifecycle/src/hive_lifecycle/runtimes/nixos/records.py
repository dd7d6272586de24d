"""The runtime's own folder of one container: its spec, its present or last run, how that ended, whether it was asked
to, and what an install replaces. What really runs is systemd's to say.
"""

import contextlib
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hive_lifecycle.runtimes.folder import AgentFolder, Record, folders, read_record, spec_of
from hive_lifecycle.runtimes.interface import AgentSpec, Exited
from hive_lifecycle.runtimes.processes import boot_id


@dataclass(frozen=True)
class Run:
    """One run of a container, named by systemd's invocation id. `digest` is of the files it was started with."""

    invocation: str
    boot: str
    started_at: datetime
    digest: str


@dataclass(frozen=True)
class Replaced:
    """What an install under way replaces, for the way back. `running`: the container is to run at its end."""

    system: str | None
    spec: AgentSpec
    running: bool


@dataclass(frozen=True)
class ContainerFolder:
    """`<root>/<name>/`, readable by the service's own user alone."""

    files: AgentFolder

    @property
    def name(self) -> str:
        return self.files.name

    @property
    def path(self) -> Path:
        return self.files.path

    @property
    def built(self) -> Path:
        """The link to the system built last, which keeps that from being collected as garbage."""
        return self.path / "built"

    @property
    def journal(self) -> Path:
        """What is kept of a destroyed container's journal."""
        return self.path / "journal"

    def directory(self) -> Path:
        """A working directory of this container's own: some programs leave links in theirs."""
        place = self.path / "cwd"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def has_spec(self) -> bool:
        return self.files.exists()

    def read_spec(self) -> AgentSpec:
        """Raises UnknownAgent when there is none."""
        return self.files.read_spec()

    def write_spec(self, spec: AgentSpec) -> None:
        self.files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.write_spec(spec)

    def run(self) -> Run | None:
        record = read_record(self.path / "run.json")
        if record is None:
            return None
        started = datetime.fromtimestamp(record["started"], UTC)
        return Run(record["invocation"], record["boot"], started, record["digest"])

    def begin(self, digest: str) -> None:
        """A start with these files is about to be asked for."""
        self.files.write("starting.json", {"digest": digest})

    def note_run(self, invocation: str, started_at: datetime) -> Run:
        """A run that is new to us."""
        starting = read_record(self.path / "starting.json") or {}
        run = Run(invocation, boot_id(), started_at, starting.get("digest", ""))
        record = {"invocation": invocation, "boot": run.boot, "started": started_at.timestamp(), "digest": run.digest}
        self.files.write("run.json", record)
        return run

    def ask(self, invocation: str) -> None:
        """That run is about to be ended by us."""
        self.files.write("asked.json", {"invocation": invocation})

    def was_asked(self, run: Run) -> bool:
        record = read_record(self.path / "asked.json")
        return record is not None and record["invocation"] == run.invocation

    def ended(self, run: Run) -> Exited | None:
        """How that run ended, if that was noted."""
        record = read_record(self.path / "exit.json")
        if record is None or record["invocation"] != run.invocation:
            return None
        at = datetime.fromtimestamp(record["at"], UTC)
        return Exited(self.name, run.invocation, record["code"], record["signal"], record["asked"], at)

    def note_end(self, exited: Exited) -> None:
        record: Record = {
            "invocation": exited.run_id,
            "code": exited.exit_code,
            "signal": exited.exit_signal,
            "asked": exited.asked,
            "at": exited.at.timestamp(),
        }
        self.files.write("exit.json", record)

    def replaced(self) -> Replaced | None:
        record = read_record(self.path / "replaced.json")
        return None if record is None else Replaced(record["system"], spec_of(record["spec"]), record["running"])

    def note_replaced(self, replaced: Replaced) -> None:
        record: Record = {"system": replaced.system, "spec": asdict(replaced.spec), "running": replaced.running}
        self.files.write("replaced.json", record)

    def installed(self) -> None:
        """Nothing needs to be taken back any more."""
        (self.path / "replaced.json").unlink(missing_ok=True)

    def keep_journal(self, journal: Path) -> None:
        """Take over what can be read of the journal of a container that is about to go."""
        if journal.is_dir():
            with contextlib.suppress(OSError, shutil.Error):
                shutil.copytree(journal, self.journal, symlinks=True, dirs_exist_ok=True)

    def forget(self, *, purge: bool) -> None:
        """Remove all, or all but the journal; the spec last, so that a half forgotten container is still ours."""
        if purge:
            shutil.rmtree(self.journal, ignore_errors=True)
        shutil.rmtree(self.path / "cwd", ignore_errors=True)
        for name in ("built", "run.json", "starting.json", "asked.json", "exit.json", "replaced.json", "spec.json"):
            (self.path / name).unlink(missing_ok=True)
        if purge:
            shutil.rmtree(self.path, ignore_errors=True)

    @asynccontextmanager
    async def locked(self, what: str = "") -> AsyncGenerator[int]:
        """Hold this container, or one thing about it, against every other process and task."""
        async with AgentFolder(self.files.root, self.name + what).locked() as lock:
            yield lock


def container_folders(root: Path) -> list[ContainerFolder]:
    """Of the containers that are ours, sorted by name."""
    return [ContainerFolder(files) for files in folders(root) if files.exists()]
