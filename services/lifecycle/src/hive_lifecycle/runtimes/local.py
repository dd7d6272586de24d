"""The `local` runtime, for any Linux machine: each agent is a process under a shim of its own, in a bubblewrap
sandbox or, unsafely, without one. Keeps nothing in memory: a restarted service finds all in the folders.
"""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path, PurePosixPath

from hive_lifecycle.runtimes import launch
from hive_lifecycle.runtimes.folder import AgentFolder, Record, folders
from hive_lifecycle.runtimes.interface import (
    MAX_LOG_LINES,
    AgentSpec,
    Capabilities,
    Exited,
    LogPage,
    LogUnit,
    Mount,
    Output,
    RuntimeStatus,
    StartFailed,
    UnknownAgent,
)
from hive_lifecycle.runtimes.limits import ControlGroups, data_limit, find_control_groups, remove
from hive_lifecycle.runtimes.logs import read_page
from hive_lifecycle.runtimes.processes import RUN_ID_VARIABLE, boot_id
from hive_lifecycle.runtimes.sandbox import DEFAULT_PATH, Sandbox, check_source, give
from hive_lifecycle.runtimes.stopping import clear_up, end_run
from hive_lifecycle.runtimes.watching import Watch, exit_of

LOG_BYTES = 8 * 1024 * 1024
MAX_NAME_LENGTH = 63
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{MAX_NAME_LENGTH - 1}}}")


class LocalRuntime:
    """Agents below `root`. Without a sandbox mounts are not mounted: agents see the host's own paths."""

    def __init__(
        self,
        root: Path,
        sandbox: Sandbox | None,
        *,
        log_bytes: int = LOG_BYTES,
        control_groups: ControlGroups | None = None,
    ) -> None:
        self._root = root
        self._sandbox = sandbox
        self._log_bytes = log_bytes
        self._groups = control_groups or find_control_groups()
        self._watches: set[Watch] = set()

    def capabilities(self) -> Capabilities:
        own_users = self._sandbox is not None and self._sandbox.as_root
        return Capabilities(
            name="local",
            sandboxed=self._sandbox is not None,
            separate_users=own_users,
            memory_limits=self._groups.memory is not None,
            separate_units=False,
            max_name_length=MAX_NAME_LENGTH,
            notes=tuple(_notes(self._sandbox is not None, own_users, self._groups)),
        )

    def visible_path(self, mount: Mount) -> str:
        return mount.target if self._sandbox else str(mount.source)

    def resolve(self, mounts: tuple[Mount, ...], target: str) -> str:
        """Where the agent finds a target path that lies in one of its mounts."""
        path = PurePosixPath(target)
        for mount in sorted(mounts, key=lambda mount: len(mount.target), reverse=True):
            if path.is_relative_to(mount.target):
                return str(PurePosixPath(self.visible_path(mount), path.relative_to(mount.target)))
        return target

    async def build(self, name: str, flake: Path, output: Output) -> str | None:
        """Nothing is built: what an agent runs is what is installed on this host."""
        return None

    async def install(self, spec: AgentSpec, system: str | None, output: Output) -> None:
        folder = self._folder(spec.name)
        async with folder.locked():
            if not _is_as(folder, spec):
                await asyncio.to_thread(folder.write_spec, spec)

    async def start(self, name: str) -> None:
        folder = self._folder(name)
        async with folder.locked() as lock:
            spec, run = folder.read_spec(), folder.run()
            if run is not None:
                if run.shim.is_alive():
                    return
                await clear_up(folder, run)
            plan = await asyncio.to_thread(self._plan, spec, folder)
            await asyncio.to_thread(folder.write, "launch.json", plan)
            try:
                await _launch(folder, lock)
            except StartFailed:
                remove(Path(group) for group in plan["cgroups"])
                raise
        for watch in self._watches:
            watch.look_soon()

    async def stop(self, name: str, grace_seconds: float = 10) -> None:
        folder = self._folder(name)
        async with folder.locked():
            await end_run(folder, grace_seconds)

    async def kill(self, name: str) -> None:
        await end_run(self._folder(name), 0)  # not locked: it must get past a stop that waits for its grace

    async def destroy(self, name: str, *, purge: bool) -> None:
        folder = self._folder(name)
        await end_run(folder, 0)
        async with folder.locked():
            await end_run(folder, 0)
            await asyncio.to_thread(folder.forget, purge=purge)

    async def list(self) -> Sequence[str]:
        return [folder.name for folder in folders(self._root) if folder.exists()]

    async def status(self, name: str) -> RuntimeStatus:
        folder = self._folder(name)
        if not folder.exists():
            return RuntimeStatus("absent")
        run = folder.run()
        if run is None:
            return RuntimeStatus("stopped")
        if run.shim.is_alive():
            return RuntimeStatus("running", run.pid, run.started_at)
        ended = folder.ended(run)
        if ended is None:
            return RuntimeStatus("stopped", started_at=run.started_at)
        return RuntimeStatus(
            "stopped",
            started_at=run.started_at,
            exited_at=ended.at,
            exit_code=ended.exit_code,
            exit_signal=ended.exit_signal,
            asked=ended.asked,
        )

    async def logs(self, name: str, lines: int = 200, unit: LogUnit = "harness", after: str | None = None) -> LogPage:
        """There is one log per agent, so both units are the same."""
        log = self._folder(name).log
        return await asyncio.to_thread(read_page, log, min(lines, MAX_LOG_LINES), after)

    async def wait_for_exit(self, name: str) -> Exited:
        folder = self._folder(name)
        run = folder.run()
        if run is None:
            raise UnknownAgent(name)
        await run.shim.wait()
        return exit_of(folder, run)

    async def watch(self) -> AsyncIterator[Exited]:
        watch = Watch(self._root)
        self._watches.add(watch)
        try:
            async for exited in watch.exits():
                yield exited
        finally:
            self._watches.discard(watch)

    def _folder(self, name: str) -> AgentFolder:
        if not _NAME.fullmatch(name):
            raise UnknownAgent(name)
        return AgentFolder(self._root, name)

    def _plan(self, spec: AgentSpec, folder: AgentFolder) -> Record:
        """Make ready what the agent needs on the host, and say how to start it."""
        run_id = secrets.token_hex(16)
        environment = {"PATH": DEFAULT_PATH} | spec.env
        argv, filter_file, directory = [*spec.argv], None, self.resolve(spec.mounts, spec.working_directory)
        if self._sandbox is not None:
            for mount in spec.mounts:
                check_source(mount)
                if self._sandbox.as_root and spec.uid:
                    give(mount, spec.uid)
            filter_file = self._sandbox.prepare(spec, folder.path)
            argv = self._sandbox.command(spec, folder.path, filtered=filter_file is not None)
            environment, directory = self._sandbox.environment(spec), "/"
        own_user = self._sandbox is not None and self._sandbox.as_root
        groups = self._groups.make(self._root, spec.name, spec.memory_bytes, spec.max_processes)
        return {
            "run_id": run_id,
            "boot": boot_id(),
            "argv": argv,
            "env": environment | {RUN_ID_VARIABLE: run_id},
            "working_directory": directory,
            "sandboxed": self._sandbox is not None,
            "filter": filter_file,
            "cgroups": [str(group) for group in groups],
            "data_limit": data_limit(spec.memory_bytes) if self._groups.memory is None else None,
            "process_limit": spec.max_processes if self._groups.pids is None and own_user else None,
            "log_limit": self._log_bytes,
        }


def _is_as(folder: AgentFolder, spec: AgentSpec) -> bool:
    """Whether that is its spec; one that can't be read is not."""
    try:
        return folder.read_spec() == spec
    except (UnknownAgent, KeyError, TypeError, AttributeError):
        return False


async def _launch(folder: AgentFolder, lock: int) -> None:
    """Start the shim, which goes on without us. Raises StartFailed.

    The launching process holds the lock too, so that even if we are cancelled or killed meanwhile nobody
    starts the agent a second time.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(Path(launch.__file__)),
        str(folder.path),
        str(lock),
        pass_fds=(lock,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode != 0:
        raise StartFailed(errors.decode(errors="replace").strip())


def _notes(sandboxed: bool, own_users: bool, groups: ControlGroups) -> list[str]:
    user = "root" if os.geteuid() == 0 else f"the user with number {os.geteuid()}"
    notes = ["Agents share the host's network, its loopback services included."]
    if not sandboxed:
        notes.append(f"Agents are not sandboxed: each can read and change all that {user} can.")
    elif not own_users:
        notes.append(f"All agents run as {user}; only the sandbox keeps them apart.")
    if groups.memory is None:
        notes.append("Memory is limited for each process, not for an agent as a whole.")
    if groups.pids is None:
        limited = "for each agent's user" if own_users else "not at all"
        notes.append(f"The number of processes is limited {limited}.")
    return notes
