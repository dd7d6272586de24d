"""One process kept up: ready, killed, started again, stopped, failed."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest
from hive_cli.problems import Problem
from hive_cli.supervisor.keeper import Keeper
from hive_cli.supervisor.plan import Process, find_server
from hive_cli.supervisor.process_id import ProcessId
from hive_kit.swarm import SwarmConfig

SECONDS = 10.0
READY = "from hive_kit.notify import notify; import time; notify('STATUS=x\\nREADY=1'); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110  # another process's doing, with no event of ours
            await asyncio.sleep(0.01)


def keeper_of(folder: Path, code: str, **options: float) -> Keeper:
    process = Process("worker", (sys.executable, "-c", code), folder / "worker.log", **options)
    return Keeper(process, folder, lambda: None)


async def test_a_process_that_says_ready_is_ready(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, READY)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    assert keeper.current is not None
    process = keeper.current
    await keeper.stop()
    await asyncio.wait_for(keeping, SECONDS)
    assert not process.is_alive()


async def test_a_process_leads_a_session_of_its_own(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, "import os; print(os.getsid(0) == os.getpid(), flush=True); " + READY)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    await keeper.stop()
    await keeping
    assert (tmp_path / "worker.log").read_text() == "True\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_process_that_dies_is_started_again(tmp_path: Path, number: signal.Signals) -> None:
    keeper = keeper_of(tmp_path, READY)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    first = keeper.current
    assert first is not None
    first.signal(number)
    await until(lambda: keeper.current not in (None, first))
    assert keeper.restarts == 1
    await keeper.stop()
    await keeping


async def test_a_start_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, "raise SystemExit('no such luck')")
    with pytest.raises(Problem, match=r"worker did not start \(exit code 1\)") as problem:
        await asyncio.wait_for(keeper.keep(), SECONDS)
    assert str(tmp_path / "worker.log") in problem.value.message
    assert problem.value.message.endswith("no such luck")


async def test_a_process_that_is_killed_before_it_is_ready_gets_another_try(tmp_path: Path) -> None:
    once = tmp_path / "once"
    code = f"import os, pathlib\np = pathlib.Path({str(once)!r})\n"
    code += "if not p.exists():\n    p.touch(); os.kill(os.getpid(), 9)\n"
    keeper = keeper_of(tmp_path, code + READY)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    await keeper.stop()
    await keeping


async def test_a_process_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, "import time; time.sleep(60)", ready_seconds=0.3)
    with pytest.raises(Problem, match="not ready within") as problem:
        await asyncio.wait_for(keeper.keep(), SECONDS)
    assert problem.value.code == "timeout"


async def test_a_process_that_does_not_hear_is_killed(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path, DEAF, stop_seconds=0.3)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    assert keeper.current is not None
    process = keeper.current
    await asyncio.wait_for(keeper.stop(), SECONDS)
    await keeping
    assert not process.is_alive()


async def test_a_process_ends_with_its_supervisor(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from hive_cli.supervisor.keeper import Keeper\n"
        "from hive_cli.supervisor.plan import Process\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"process = Process('worker', (sys.executable, '-c', {READY!r}), folder / 'worker.log')\n"
        "async def main():\n"
        "    keeper = Keeper(process, folder, lambda: None)\n"
        "    keeping = asyncio.create_task(keeper.keep())\n"
        "    await keeper.ready.wait()\n"
        "    sys.stderr.write(f'{keeper.current.pid}\\n')\n"
        "    await keeping\n"
        "asyncio.run(main())\n"
    )
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, stderr=PIPE)
    assert supervisor.stderr is not None
    try:
        child = ProcessId.of(int(await asyncio.wait_for(supervisor.stderr.readline(), SECONDS)))
    finally:
        supervisor.kill()
        await supervisor.wait()
    await until(lambda: not child.is_alive())


async def test_the_server_is_ready_when_it_greets(swarm: SwarmConfig, tmp_path: Path) -> None:
    command = (find_server(), "-c", str(swarm.server_config))
    keeper = Keeper(Process("nats", command, swarm.log("nats"), port=swarm.ports.nats), tmp_path, lambda: None)
    keeping = asyncio.create_task(keeper.keep())
    await asyncio.wait_for(keeper.ready.wait(), SECONDS)
    await keeper.stop()
    await keeping


def test_a_number_that_was_given_away_is_not_the_same_process() -> None:
    me = ProcessId.of(1)
    assert me.is_alive()
    assert not ProcessId(me.pid, me.born + 1).is_alive()
    assert ProcessId(me.pid, me.born + 1).wait(0)
