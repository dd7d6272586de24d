"""Finding and killing everything that belongs to an agent."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

from hive_harness.runtime.processes import MARK, ProcessTree
from hive_kit.testing import eventually


async def test_what_left_its_session_or_dropped_the_mark_is_found_and_killed() -> None:
    mark = uuid.uuid4().hex
    sleep = f"{sys.executable} -c 'import time; time.sleep(60)'"
    command = f"setsid {sleep} & env -i {sleep} & setsid env -i {sleep} & wait"
    root = started(["/bin/sh", "-c", command], mark)
    tree = ProcessTree(mark)

    async def found() -> list[int]:
        return tree.pids(root.pid)

    pids = await eventually(found, lambda pids: len(pids) == 4)
    assert await tree.kill(root.pid) == 4
    root.wait()

    async def left() -> list[int]:
        return [pid for pid in pids if _lives(pid)]

    await eventually(left, lambda lives: not lives)  # a killed process needs the processor once more to end


async def test_other_processes_are_left_alone() -> None:
    other = started([sys.executable, "-c", "import time; time.sleep(60)"], uuid.uuid4().hex)
    assert await ProcessTree(uuid.uuid4().hex).kill() == 0
    assert other.poll() is None
    other.kill()
    other.wait()


def started(command: list[str], mark: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env={**os.environ, MARK: mark}, start_new_session=True)


def _lives(pid: int) -> bool:
    try:
        return b") Z" not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


async def test_adopted_orphans_that_ended_are_let_go() -> None:
    program = (
        "import asyncio, os, subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from hive_harness.runtime.processes import ProcessTree, adopt_orphans\n"
        "adopt_orphans()\n"
        "subprocess.run(['/bin/sh', '-c', 'sleep 0.1 & :'], check=True)\n"
        "tree = ProcessTree('none', adopts=True)\n"
        "children = lambda: Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read_text().split()\n"
        "assert children()\n"
        "until = time.monotonic() + 10\n"
        "while children() and time.monotonic() < until:\n"
        "    tree.reap_orphans()\n"
        "sys.exit(len(children()))\n"
    )
    process = started([sys.executable, "-c", program], uuid.uuid4().hex)
    assert process.wait(30) == 0
