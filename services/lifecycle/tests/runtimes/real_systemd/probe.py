"""Takes a container through its life with the nixos runtime and writes down what was to be seen."""

import asyncio
import json
import os
import signal
import subprocess
import traceback
from pathlib import Path
from typing import Any

from hive_kit.testing import eventually
from hive_lifecycle.runtimes import AgentSpec, Exited, Mount, NixosRuntime, NixosSettings
from hive_lifecycle.runtimes.nixos.conf import container_files

BASE = Path("/containers")
OWN, SHARED, RUN = BASE / "state/own", BASE / "state/shared", BASE / "state/run"
HARNESS = """
echo uid $(id -u) own $(stat -c %u /own) shared $(stat -c %u /state) run $(stat -c %u /run/hive)
echo made > /own/made; echo made > /state/made
trap 'echo bye; exit 0' TERM
systemd-notify --ready
echo up
while [ ! -e /own/end ]; do sleep 0.2; done
exit $(cat /own/end)
"""
SETTINGS = NixosSettings(containers=BASE / "conf", roots=BASE / "roots", profiles=BASE / "profiles", store=Path("/usr"))
SPEC = AgentSpec(
    "bob",
    ("unused",),
    "/state",
    mounts=(Mount(SHARED, "/state", True), Mount(OWN, "/own", True), Mount(RUN, "/run/hive")),
    memory_bytes=1 << 29,
    max_processes=200,
    uid=50001,
    groups=(50000,),
)


def make_folders() -> None:
    for folder, group in ((OWN, 50001), (SHARED, 50000), (RUN, 50001)):
        folder.mkdir(parents=True)
        os.chown(folder, 0 if folder == RUN else 50001, group)
        folder.chmod(0o750 if folder == RUN else 0o700)
    (OWN / "harness").write_text(HARNESS)
    for folder in ("conf", "profiles/bob"):
        (BASE / folder).mkdir(parents=True)
    (BASE / "profiles/bob/system").symlink_to("/usr")


def told(exited: Exited) -> list[Any]:
    return [exited.exit_code, exited.exit_signal, exited.asked]


async def life(runtime: NixosRuntime) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def status() -> dict[str, Any]:
        found = await runtime.status("bob")
        return {"state": found.state, "pid": found.pid, "started": str(found.started_at)}

    async def ups(count: int) -> int:
        await eventually(lines, lambda found: found.count("up") == count, seconds=60)
        return count

    async def lines() -> list[str]:
        return [*(await runtime.logs("bob", 1000)).lines]

    async def ended() -> list[Any]:
        return told(await asyncio.wait_for(runtime.wait_for_exit("bob"), 60))

    exits = runtime.watch()
    hearing = asyncio.ensure_future(anext(exits))
    await runtime.start("bob")
    await ups(1)
    seen["first"] = await status()
    main = seen["first"]["pid"]
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    seen["init_uid"] = max(Path(f"/proc/{child}").stat().st_uid for child in children)
    seen["own_file_uid"], seen["shared_file_uid"] = ((place / "made").stat().st_uid for place in (OWN, SHARED))
    words = next(line for line in await lines() if line.startswith("uid ")).split()
    seen["inside"] = dict(zip(words[::2], words[1::2], strict=True))
    shown = show("MemoryMax,TasksMax,Restart")
    seen["limits"] = dict(line.split("=") for line in shown.splitlines())
    await runtime.install(SPEC, None, print)
    seen["restarted"] = await status() | {"lines": await ups(2)}
    await runtime.install(SPEC, "/usr", print)
    seen["switched"] = await status() | {"lines": await ups(3)}
    (OWN / "end").write_text("7")
    seen["exit 7"] = await ended()
    seen["heard"] = told(await asyncio.wait_for(hearing, 60))
    (OWN / "end").unlink()
    await runtime.start("bob")
    await ups(4)
    os.kill((await status())["pid"], signal.SIGKILL)
    seen["kill -9"] = await ended()
    await runtime.start("bob")
    await ups(5)
    await runtime.stop("bob", 60)
    seen["stop"], seen["stop_lines"] = await ended(), await lines()
    await runtime.start("bob")
    await ups(6)
    await runtime.kill("bob")
    seen["kill"] = await ended()
    seen["whole"], seen["paged"] = await lines(), await paged(runtime)
    return seen


def show(properties: str) -> str:
    command = ("systemctl", "show", "-p", properties, "container@bob.service")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def paged(runtime: NixosRuntime) -> list[str]:
    """The whole log, a few lines at a time."""
    page = await runtime.logs("bob", 7, after="beginning")
    found: list[str] = []
    while page.lines:
        found += page.lines
        page = await runtime.logs("bob", 7, after=page.cursor)
    return found


async def main() -> dict[str, Any]:
    make_folders()
    runtime = NixosRuntime(BASE / "nixos", SETTINGS)
    runtime._folder("bob").write_spec(SPEC)
    container_files(SETTINGS, SPEC).write()
    return await life(runtime)


try:
    result = asyncio.run(main())
except Exception:  # the edge of the machine: whoever booted it must hear of it
    result = {"error": traceback.format_exc()}
Path("/out/seen.json").write_text(json.dumps(result))
