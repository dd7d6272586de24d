"""How much of the machine an agent may take: memory, processes, log."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import LocalRuntime
from hive_lifecycle.runtimes.limits import ControlGroups, find_control_groups


@pytest.fixture
def hive(local):
    return local


NOWHERE = ControlGroups(memory=None, pids=None)


async def outcome(hive, spec):
    await hive.install(spec)
    await hive.runtime.start(spec.name)
    return await asyncio.wait_for(hive.runtime.wait_for_exit(spec.name), 20)


@pytest.mark.skipif(find_control_groups().memory is None, reason="no memory control group can be made here")
async def test_an_agent_past_its_memory_limit_is_killed(hive):
    spec = hive.spec("bob", sys.executable, "-c", "x = b'x' * 400_000_000", memory_bytes=100_000_000)
    assert (await outcome(hive, spec)).exit_signal == 9
    groups = hive.runtime._folder("bob").run().cgroups
    assert groups
    assert not any(group.exists() for group in groups)


@pytest.mark.skipif(find_control_groups().pids is None, reason="no pids control group can be made here")
async def test_an_agent_past_its_process_limit_gets_no_more(hive):
    spec = replace(hive.spec("bob", "/bin/sh", "-c", "for i in $(seq 40); do sleep 5 & done"), max_processes=20)
    assert (await outcome(hive, spec)).exit_code != 0


@pytest.mark.spec("RUN-2", door="wire")
async def test_without_control_groups_a_runtime_says_so_and_still_starts_agents(hive):
    hive.runtime = LocalRuntime(hive.root, hive.runtime._sandbox, control_groups=NOWHERE)
    assert not hive.runtime.capabilities().memory_limits
    assert len(hive.runtime.capabilities().notes) >= 2
    spec = hive.spec("bob", sys.executable, "-c", "x = bytearray(3 << 30)", memory_bytes=100_000_000)
    assert (await outcome(hive, spec)).exit_code == 1
    assert "MemoryError" in (await hive.runtime.logs("bob")).lines


@pytest.mark.spec("RUN-2", door="wire")
async def test_a_runtime_without_sandbox_says_so(tmp_path):
    capabilities = LocalRuntime(tmp_path, None).capabilities()
    assert (capabilities.sandboxed, capabilities.separate_users) == (False, False)
    assert any("not sandboxed" in note for note in capabilities.notes)


async def test_a_full_log_is_put_aside_and_both_files_are_read(hive):
    hive.runtime = LocalRuntime(hive.root, hive.runtime._sandbox, log_bytes=20_000)
    await hive.run_to_end(
        "bob", "i=0; while [ $i -lt 1000 ]; do echo a line of some length, number $i; i=$((i+1)); done"
    )
    lines = [*(await hive.runtime.logs("bob", 5000)).lines]
    numbers = [int(line.rpartition(" ")[2]) for line in lines if line.startswith("a line of")]
    assert numbers[-1] == 999
    assert numbers[-200:] == list(range(800, 1000))
    folder = Path(hive.root, "bob")
    assert sorted(path.name for path in folder.glob("log*")) == ["log", "log.1"]
    assert len((await hive.runtime.logs("bob", 10)).lines) == 10


async def test_at_most_five_thousand_lines_are_given(hive):
    await hive.run_to_end("bob", "seq 9000")
    lines = [*(await hive.runtime.logs("bob", 100_000)).lines]
    assert (len(lines), lines[0], lines[-1]) == (5000, "4001", "9000")
