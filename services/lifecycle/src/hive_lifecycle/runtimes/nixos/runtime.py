"""The `nixos` runtime's verbs, each a short conversation with nix, nixos-container and systemd. Keeps nothing in
memory: a restarted service finds all in systemd and in the folders.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from hive_lifecycle.runtimes.folder import AgentFolder
from hive_lifecycle.runtimes.interface import (
    MAX_LOG_LINES,
    AgentSpec,
    Capabilities,
    Exited,
    InstallFailed,
    LogPage,
    LogUnit,
    Mount,
    Output,
    RuntimeStatus,
    StartFailed,
    UnknownAgent,
)
from hive_lifecycle.runtimes.nixos.building import Build
from hive_lifecycle.runtimes.nixos.commands import run
from hive_lifecycle.runtimes.nixos.conf import conf_path, drop_in_path
from hive_lifecycle.runtimes.nixos.installing import Install
from hive_lifecycle.runtimes.nixos.journal import Journal
from hive_lifecycle.runtimes.nixos.records import ContainerFolder, container_folders
from hive_lifecycle.runtimes.nixos.running import Running
from hive_lifecycle.runtimes.nixos.settings import NixosSettings
from hive_lifecycle.runtimes.nixos.units import SystemdSilent, Units
from hive_lifecycle.runtimes.nixos.watching import Watch

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_JOURNAL = "var/log/journal"
_POLL_SECONDS = 0.2


class NixosRuntime:
    """Containers whose records lie below `root`; others on this host are left alone."""

    def __init__(self, root: Path, settings: NixosSettings) -> None:
        self._root = root
        self._settings = settings
        self._running = Running(settings, Units(settings))
        self._watches: set[Watch] = set()

    def capabilities(self) -> Capabilities:
        own_users = self._settings.private_users == "pick" and os.geteuid() == 0
        notes = ["Agents share the host's network, its loopback services included."]
        if not own_users:
            notes.append("Root in an agent's container is root of this host: users are not mapped.")
        return Capabilities(
            name="nixos",
            sandboxed=True,
            separate_users=own_users,
            memory_limits=True,
            separate_units=True,
            max_name_length=self._settings.max_name_length,
            builds=True,
            switches_running=True,
            notes=tuple(notes),
        )

    def visible_path(self, mount: Mount) -> str:
        return mount.target

    async def build(self, name: str, flake: Path, output: Output) -> str | None:
        return await Build(self._settings, self._folder(name)).run(flake, output)

    async def install(self, spec: AgentSpec, system: str | None, output: Output) -> None:
        if len(spec.name) > self._settings.max_name_length:
            raise InstallFailed(f"{spec.name} is too long: a container's name has at most "
                                f"{self._settings.max_name_length} characters")  # fmt: skip
        folder = self._folder(spec.name)
        async with folder.locked() as lock:
            try:
                await Install(self._settings, folder, self._running, output, lock).run(spec, system)
            except SystemdSilent as silent:
                raise InstallFailed(str(silent)) from silent
        self._look_soon()

    async def start(self, name: str) -> None:
        try:
            await self._running.start(self._folder(name))
        except SystemdSilent as silent:
            raise StartFailed(str(silent)) from silent
        self._look_soon()

    async def stop(self, name: str, grace_seconds: float = 10) -> None:
        await self._running.stop(self._folder(name), grace_seconds)

    async def kill(self, name: str) -> None:
        await self._running.kill(self._folder(name))  # not locked: it must get past a stop that waits for its grace

    async def destroy(self, name: str, *, purge: bool) -> None:
        folder = self._folder(name)
        conf = conf_path(self._settings, name)
        async with folder.locked() as lock:
            if folder.has_spec():
                await self._running.kill(folder)
                if not purge:
                    await asyncio.to_thread(folder.keep_journal, self._settings.roots / name / _JOURNAL)
                await run(self._settings.nixos_container, "destroy", name, directory=folder.directory(), held=(lock,))
                if conf.exists():
                    raise OSError(f"the container {name} could not be destroyed")
                await self._forget_unit(name)
            if folder.path.exists():
                await asyncio.to_thread(folder.forget, purge=purge)

    async def list(self) -> Sequence[str]:
        return [folder.name for folder in container_folders(self._root) if self._exists(folder)]

    async def status(self, name: str) -> RuntimeStatus:
        folder = self._folder(name)
        if not self._exists(folder):
            return RuntimeStatus("absent")
        unit = await self._running.units.look(name)
        run = self._running.noted(folder, unit)
        if unit.is_up:
            return RuntimeStatus("running", unit.pid or None, None if run is None else run.started_at)
        if run is None:
            return RuntimeStatus("stopped")
        ended = self._running.exit_of(folder, run, unit)
        return RuntimeStatus(
            "stopped",
            started_at=run.started_at,
            exited_at=ended.at,
            exit_code=ended.exit_code,
            exit_signal=ended.exit_signal,
            asked=ended.asked,
        )

    async def logs(self, name: str, lines: int = 200, unit: LogUnit = "harness", after: str | None = None) -> LogPage:
        folder = self._folder(name)
        present = self._settings.roots / name / _JOURNAL
        where = present if self._exists(folder) and present.is_dir() else folder.journal
        return await Journal(self._settings, where, unit).page(min(lines, MAX_LOG_LINES), after)

    async def wait_for_exit(self, name: str) -> Exited:
        folder = self._folder(name)
        unit = await self._running.units.look(name)
        run = self._running.noted(folder, unit)
        if run is None:
            raise UnknownAgent(name)
        while unit.is_up and unit.invocation == run.invocation:
            if unit.process is None or await unit.process.wait():
                await asyncio.sleep(_POLL_SECONDS)
            unit = await self._running.units.look(name)
        return self._running.exit_of(folder, run, unit)

    async def watch(self) -> AsyncIterator[Exited]:
        watch = Watch(self._root, self._running)
        self._watches.add(watch)
        try:
            async for exited in watch.exits():
                yield exited
        finally:
            self._watches.discard(watch)

    def _folder(self, name: str) -> ContainerFolder:
        if not _NAME.fullmatch(name) or len(name) > self._settings.max_name_length:
            raise UnknownAgent(name)
        return ContainerFolder(AgentFolder(self._root, name))

    def _exists(self, folder: ContainerFolder) -> bool:
        return folder.has_spec() and conf_path(self._settings, folder.name).exists()

    async def _forget_unit(self, name: str) -> None:
        drop_in = drop_in_path(self._settings, name)
        if drop_in.exists():
            drop_in.unlink()
            drop_in.parent.rmdir()
            await self._running.units.ask("daemon-reload")
        await self._running.units.ask("reset-failed", f"container@{name}.service")

    def _look_soon(self) -> None:
        for watch in self._watches:
            watch.look_soon()
