"""Puts a built system and a spec to use: makes the container, or changes the one there is, running or not. What fails
is taken back; what was cut off by a kill is simply done again.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from hive_lifecycle.runtimes.interface import AgentSpec, InstallFailed, Output, StartFailed
from hive_lifecycle.runtimes.nixos.commands import run
from hive_lifecycle.runtimes.nixos.conf import ContainerFiles, conf_path, container_files
from hive_lifecycle.runtimes.nixos.records import ContainerFolder, Replaced
from hive_lifecycle.runtimes.nixos.running import Running
from hive_lifecycle.runtimes.nixos.settings import NixosSettings
from hive_lifecycle.runtimes.stopping import StillRunning

_GRACE_SECONDS = 10.0
_KEPT_GENERATIONS = 5


@dataclass(frozen=True)
class Install:
    """One install of one container, whose lock is held."""

    settings: NixosSettings
    folder: ContainerFolder
    running: Running
    output: Output
    lock: int

    async def run(self, spec: AgentSpec, system: str | None) -> None:
        """Raises InstallFailed."""
        try:
            files = container_files(self.settings, spec)
        except StartFailed as refused:
            raise InstallFailed(str(refused)) from refused
        if not conf_path(self.settings, spec.name).exists():
            await self._create(spec, files, system)
        elif not self.folder.has_spec():
            raise InstallFailed(f"this host has a container {spec.name} that is none of ours: choose another name")
        else:
            await self._change(spec, system)
        await self._drop_old_generations()

    @property
    def _profile(self) -> Path:
        return self.settings.profiles / self.folder.name / "system"

    async def _create(self, spec: AgentSpec, files: ContainerFiles, system: str | None) -> None:
        name = spec.name
        if system is None:
            raise InstallFailed(f"nothing was built for {name} yet: rebuild it")
        self.folder.write_spec(spec)
        self.output(f"creating the container {name}")
        command = (self.settings.nixos_container, "create", name, "--system-path", system)
        done = await run(*command, directory=self.folder.directory(), held=(self.lock,))
        if done.ok and files.conf.exists() and self._in_use() == system:
            await self.running.configure(files)
            return
        # Even a refused create may leave its file and an empty profile behind, and then refuse the next one.
        await run(self.settings.nixos_container, "destroy", name, held=(self.lock,))
        self.folder.forget(purge=False)
        raise InstallFailed(f"the container {name} could not be created: {done.reason}")

    async def _change(self, spec: AgentSpec, system: str | None) -> None:
        before = self.folder.replaced()
        if before is None:
            up = (await self.running.units.look(spec.name)).is_up
            before = Replaced(self._in_use(), self.folder.read_spec(), up)
            self.folder.note_replaced(before)
        try:
            await self._apply(spec, system, up=before.running)
        except InstallFailed as failure:
            await self._go_back(before, failure)
            raise
        self.folder.installed()

    async def _go_back(self, before: Replaced, failure: InstallFailed) -> None:
        self.output(f"{failure}; going back to what was in use before")
        try:
            await self._apply(before.spec, before.system, up=before.running)
        except InstallFailed as second:
            raise InstallFailed(f"{failure}; going back failed as well: {second}") from second
        self.folder.installed()

    async def _apply(self, spec: AgentSpec, system: str | None, *, up: bool) -> None:
        """With `up` it runs afterwards, changed in place where only its system and settings differ."""
        if system is not None:
            await self._use(system)
        files = container_files(self.settings, spec)
        self.folder.write_spec(spec)
        await self.running.configure(files)
        if not up:
            return
        unit = await self.running.units.look(spec.name)
        run_of = self.running.noted(self.folder, unit)
        if unit.active == "active" and run_of is not None and run_of.digest == files.digest:
            await self._switch(reload=system is not None)
        else:
            await self._start_anew()

    async def _use(self, system: str) -> None:
        """The profile names that system."""
        name = self.folder.name
        if self._in_use() != system:
            self._profile.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.output(f"the system of {name} is now {system}")
            done = await run(
                *(self.settings.nix_env, "--profile", str(self._profile), "--set", system),
                directory=self.folder.directory(),
                held=(self.lock,),
            )
            if self._in_use() != system:
                raise InstallFailed(f"the profile of {name} could not be set to what was built: {done.reason}")

    def _in_use(self) -> str | None:
        return str(self._profile.resolve()) if self._profile.exists() else None

    async def _switch(self, *, reload: bool) -> None:
        name, since = self.folder.name, time.time()
        if reload:
            self.output(f"switching {name} in place")
            done = await self.running.units.reload(name)
            told = await self._host_journal(since)
            for line in told:
                self.output(line)
            if not done.ok:
                why = " / ".join(told[-3:])[:400] or done.reason
                raise InstallFailed(f"{name} could not be switched to its new system: {why}")
        done = await self.running.units.restart_harness(name)
        unit = await self.running.units.look(name)
        if not done.ok or unit.active != "active":
            raise InstallFailed(f"the harness of {name} did not come up in its new system: {done.reason}")

    async def _start_anew(self) -> None:
        name = self.folder.name
        self.output(f"starting {name} anew: what it sees of the host changed")
        await self.running.stop(self.folder, _GRACE_SECONDS)
        try:
            await self.running.start(self.folder)
        except (StartFailed, StillRunning) as failure:
            raise InstallFailed(f"{name} could not be started anew: {failure}") from failure

    async def _host_journal(self, since: float) -> list[str]:
        """What the container's unit said on the host."""
        unit = f"container@{self.folder.name}.service"
        which = (f"--unit={unit}", f"--since=@{int(since)}", "--lines=1000", "--output=cat")
        done = await run(self.settings.journalctl, "--quiet", "--no-pager", *which)
        return [line for line in done.out.splitlines() if line.strip()]

    async def _drop_old_generations(self) -> None:
        """Of earlier systems only the last ones are kept from being collected."""
        which = ("--delete-generations", f"+{_KEPT_GENERATIONS}")
        await run(self.settings.nix_env, "--profile", str(self._profile), *which, held=(self.lock,))
