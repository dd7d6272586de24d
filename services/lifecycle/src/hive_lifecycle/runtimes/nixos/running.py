"""Starts and ends containers' units, and keeps in mind what systemd forgets: which run was the last, whether it was
asked to end, and how it did.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from hive_lifecycle.runtimes.interface import AgentSpec, Exited, StartFailed, UnknownAgent
from hive_lifecycle.runtimes.nixos.conf import ContainerFiles, conf_path, container_files
from hive_lifecycle.runtimes.nixos.journal import Journal
from hive_lifecycle.runtimes.nixos.records import ContainerFolder, Run
from hive_lifecycle.runtimes.nixos.settings import NixosSettings
from hive_lifecycle.runtimes.nixos.units import Unit, Units
from hive_lifecycle.runtimes.processes import boot_id
from hive_lifecycle.runtimes.sandbox import check_source
from hive_lifecycle.runtimes.stopping import StillRunning

_TEARDOWN_SECONDS = 20.0


@dataclass(frozen=True)
class Running:
    """Runs of all containers."""

    settings: NixosSettings
    units: Units

    async def configure(self, files: ContainerFiles) -> None:
        """The unit's files say what they should, and systemd has read them."""
        changed = await asyncio.to_thread(files.write)
        if changed or (await self.units.look(files.name)).stale:
            await self.units.ask("daemon-reload")

    async def start(self, folder: ContainerFolder) -> None:
        """Raises UnknownAgent, StartFailed."""
        spec = folder.read_spec()
        if not conf_path(self.settings, folder.name).exists():
            raise UnknownAgent(folder.name)
        unit = await self.units.look(folder.name)
        if unit.active == "active":
            self.noted(folder, unit)
            return
        files = self._files(spec)
        await self.configure(files)
        folder.begin(files.digest)
        done = await self.units.start(folder.name)
        unit = await self.units.look(folder.name)
        if done.ok and not unit.invocation:
            _note_blink(folder)
            return
        self.noted(folder, unit)
        if unit.active != "active" and not done.ok:
            raise StartFailed(f"the container {folder.name} did not come up: {await self._why(folder, done.reason)}")

    async def stop(self, folder: ContainerFolder, grace_seconds: float) -> None:
        """Raises StillRunning."""
        unit = await self.units.look(folder.name)
        if not unit.is_up:
            return
        self._ask(folder, unit)
        await self.units.stop(folder.name)
        if not await self.units.gone(folder.name, grace_seconds):
            await self._kill(folder)
        self._note_end(folder, await self.units.look(folder.name))

    async def kill(self, folder: ContainerFolder) -> None:
        """Raises StillRunning."""
        unit = await self.units.look(folder.name)
        if not unit.is_up:
            return
        self._ask(folder, unit)
        await self._kill(folder)
        self._note_end(folder, await self.units.look(folder.name))

    def noted(self, folder: ContainerFolder, unit: Unit) -> Run | None:
        """The present or last run; one that we did not know of yet is taken note of."""
        known = folder.run()
        if not unit.invocation or (known is not None and known.invocation == unit.invocation):
            return known
        if unit.entered_at is None and not unit.is_up:
            return known
        since = None if unit.active == "activating" else unit.entered_at
        return folder.note_run(unit.invocation, since or datetime.now(UTC))

    def exit_of(self, folder: ContainerFolder, run: Run, unit: Unit) -> Exited:
        """How a run ended that is over; unknown when nobody saw it."""
        noted = folder.ended(run)
        if noted is not None:
            return noted
        asked, at = folder.was_asked(run), datetime.now(UTC)
        if unit.invocation == run.invocation:
            exited = Exited(folder.name, run.invocation, unit.exit_code, unit.exit_signal, asked, unit.left_at or at)
        elif not unit.invocation and unit.active == "inactive" and run.boot == boot_id():
            exited = Exited(folder.name, run.invocation, 0, None, asked, at)  # systemd keeps units that failed
        else:
            exited = Exited(folder.name, run.invocation, None, None, asked, at)
        folder.note_end(exited)
        return exited

    def _ask(self, folder: ContainerFolder, unit: Unit) -> None:
        if self.noted(folder, unit) is not None:
            folder.ask(unit.invocation)

    async def _kill(self, folder: ContainerFolder) -> None:
        done = await self.units.kill(folder.name)
        if not await self.units.gone(folder.name, _TEARDOWN_SECONDS):
            raise StillRunning(f"{folder.name}: {done.reason}")

    def _note_end(self, folder: ContainerFolder, unit: Unit) -> None:
        run = folder.run()
        if run is not None and not unit.is_up:
            self.exit_of(folder, run, unit)

    def _files(self, spec: AgentSpec) -> ContainerFiles:
        for mount in spec.mounts:
            check_source(mount)
        return container_files(self.settings, spec)

    async def _why(self, folder: ContainerFolder, said: str) -> str:
        journal = Journal(self.settings, self.settings.roots / folder.name / "var/log/journal", "harness")
        lines = [line for line in (await journal.page(5, None)).lines if line.strip()]
        return f"{said} ({lines[-1][:300]})" if lines else said


def _note_blink(folder: ContainerFolder) -> None:
    """It came up and ended well before we could look, and systemd has forgotten it."""
    now = datetime.now(UTC)
    run = folder.note_run(secrets.token_hex(16), now)
    folder.note_end(Exited(folder.name, run.invocation, 0, None, False, now))
