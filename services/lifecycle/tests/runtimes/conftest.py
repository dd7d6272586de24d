"""What the tests of all runtimes share: each runtime that can work here, agents to run in it, and how to wait."""

import asyncio
import secrets
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hive_kit.testing import waiting
from hive_lifecycle.runtimes import (
    AgentSpec,
    LocalRuntime,
    Mount,
    NixosRuntime,
    NixosSettings,
    Runtime,
    RuntimeStatus,
    find_sandbox,
    stop_all,
)
from hive_lifecycle.runtimes.sandbox import Sandbox

from services.lifecycle.tests.runtimes.double import NixosDouble

AGENT_UID = 71234


def the_sandbox() -> Sandbox:
    check = find_sandbox()
    if check.sandbox is None:
        pytest.skip(f"no sandbox here: {check.reason}; try: {check.command}")
    return check.sandbox


@dataclass
class Hive:
    """One runtime under test with a folder for the agents' states."""

    runtime: Runtime
    root: Path
    states: Path
    tells_signals: bool = True
    """Whether a death of the harness by a signal is told as such; a container ends with exit code 255."""

    @property
    def setup(self) -> str:
        """Code that makes this runtime in another process."""
        sandbox = f"find_sandbox().sandbox if {self.sandboxed} else None"
        return f"LocalRuntime(Path({str(self.root)!r}), {sandbox})"

    @property
    def sandboxed(self) -> bool:
        return self.runtime.capabilities().sandboxed

    def state_of(self, name: str) -> Path:
        folder = self.states / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def spec(self, name: str, *argv: str, memory_bytes: int | None = None) -> AgentSpec:
        """An agent whose state folder is its working directory."""
        mount = Mount(self.state_of(name), "/state", writable=True)
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        return AgentSpec(
            name, argv, "/state", env=env, mounts=(mount,), memory_bytes=memory_bytes, max_processes=200, uid=AGENT_UID
        )

    async def install(self, spec: AgentSpec) -> None:
        await self.runtime.install(spec, None, lambda _line: None)

    async def run(self, name: str, script: str) -> None:
        """Create and start an agent that is a shell script."""
        await self.install(self.spec(name, "/bin/sh", "-c", script))
        await self.runtime.start(name)

    async def run_to_end(self, name: str, script: str) -> tuple[list[str], RuntimeStatus]:
        """What a script says, and how it ends."""
        await self.run(name, script)
        await asyncio.wait_for(self.runtime.wait_for_exit(name), 20)
        return [*(await self.runtime.logs(name)).lines], await self.runtime.status(name)

    async def elsewhere(self, code: str) -> str:
        """Run code with this runtime (as `runtime`) in a process of its own; what it prints."""
        setup = (
            "import asyncio, json\n"
            "from pathlib import Path\n"
            "from hive_lifecycle.runtimes import LocalRuntime, NixosRuntime, NixosSettings, find_sandbox\n"
            "async def main():\n"
            f"    runtime = {self.setup}\n"
        )
        body = "".join(f"    {line}\n" for line in code.splitlines())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", f"{setup}{body}\nasyncio.run(main())", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode().strip()


@dataclass
class NixosHive(Hive):
    """Containers of the double: what an agent runs is built into its system."""

    double: NixosDouble = field(kw_only=True)

    @property
    def flake(self) -> Path:
        return self.states / "flake"

    @property
    def setup(self) -> str:
        settings = f"NixosSettings.model_validate({self.double.nixos!r})"
        return f"NixosRuntime(Path({str(self.root)!r}), {settings})"

    async def install(self, spec: AgentSpec) -> None:
        self.double.write_system(self.flake, spec.name, f"exec {shlex.join(spec.argv)}")
        system = await self.runtime.build(spec.name, self.flake, print)
        await self.runtime.install(spec, system, print)


def nixos_hive(tmp_path: Path) -> NixosHive:
    if reason := NixosDouble.missing():
        pytest.skip(reason)
    double = NixosDouble(tmp_path / "host")
    root = tmp_path / "nixos"
    runtime = NixosRuntime(root, NixosSettings.model_validate(double.nixos))
    return NixosHive(runtime, root, tmp_path / "states", tells_signals=False, double=double)


@pytest.fixture
def nixos(tmp_path: Path) -> Iterator[NixosHive]:
    """Containers of the double alone."""
    hive = nixos_hive(tmp_path)
    yield hive
    hive.double.stop_all()


@pytest.fixture(params=["sandboxed", "unsandboxed", "nixos"])
async def hive(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hive]:
    """Every runtime."""
    if request.param != "nixos":
        async for hive in local_hive(request.param, tmp_path):
            yield hive
        return
    hive = nixos_hive(tmp_path)
    yield hive
    hive.double.stop_all()


@pytest.fixture(params=["sandboxed", "unsandboxed"])
async def local(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hive]:
    """The local runtime alone."""
    async for hive in local_hive(request.param, tmp_path):
        yield hive


async def local_hive(kind: str, tmp_path: Path) -> AsyncIterator[Hive]:
    sandbox = the_sandbox() if kind == "sandboxed" else None
    root = tmp_path / "runtime"
    yield Hive(LocalRuntime(root, sandbox), root, tmp_path / "states")
    assert await stop_all(root, 0) == []


@pytest.fixture
async def walled(tmp_path: Path) -> AsyncIterator[Hive]:
    """A sandboxed one only."""
    root = tmp_path / "runtime"
    yield Hive(LocalRuntime(root, the_sandbox()), root, tmp_path / "states")
    assert await stop_all(root, 0) == []


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool | Awaitable[bool]]], Awaitable[None]]:
    """Wait until something holds."""

    async def wait(holds: Callable[[], bool | Awaitable[bool]]) -> None:
        async def look() -> bool:
            answer = holds()
            return answer if isinstance(answer, bool) else await answer

        await waiting.eventually(look)

    return wait


@pytest.fixture
def running() -> Callable[[str], list[int]]:
    """The pids on this machine, zombies aside, whose command line holds a text as a word of its own."""

    def find(word: str) -> list[int]:
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    return find


@pytest.fixture
def word() -> str:
    """One that no other process of this machine has on its command line."""
    return secrets.token_hex(8)
