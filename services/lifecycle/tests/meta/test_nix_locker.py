"""How nix is run: its words as they come, nothing left behind. A script stands for nix: what it does is no matter."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle.meta import Meta, MetaError, NixLocker
from hive_wire.errors import ErrorCode


async def with_script(swarm: Any, folder: Path, script: str) -> tuple[Meta, NixLocker]:
    """The flake of one agent, and a locker that runs this script."""
    await swarm.meta().ensure({"coder": swarm.agent("coder")})
    program = folder / "script"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    locker = NixLocker(program, folder / "scratch")
    return swarm.meta(locker), locker


async def test_what_nix_prints_is_told_while_it_runs_and_it_ends_with_who_asked(swarm: Any, tmp_path: Path) -> None:
    script = 'echo $$ >&2; printf "\\033[1mfetching\\033[0m\\r50%%\\nlast" >&2; exec sleep 600'
    meta, locker = await with_script(swarm, tmp_path, script)
    printed: asyncio.Queue[str] = asyncio.Queue()
    pins = {"coder": swarm.propose("coder", "two", 7)}

    preparing = asyncio.create_task(meta.prepare("action-1", pins, output=printed.put_nowait))
    pid, *words = [await asyncio.wait_for(printed.get(), 60) for _ in range(3)]
    assert words == ["fetching", "50%"]
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing

    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    assert list(locker.scratch.iterdir()) == []
    await asyncio.wait_for(meta.remove("coder"), 60)


async def test_the_last_words_of_nix_are_the_reason(swarm: Any, tmp_path: Path) -> None:
    meta, _ = await with_script(swarm, tmp_path, "echo 'error: the disk is full' >&2; exit 3")
    with pytest.raises(MetaError) as refused:
        await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})
    assert refused.value.code == ErrorCode.BROKEN_LOCK
    assert "the disk is full" in refused.value.message


@pytest.mark.parametrize("script", ["exit 0", "for folder in scratch/*; do echo half > $folder/flake.lock; done"])
async def test_a_lock_that_nix_did_not_make_is_not_taken(swarm: Any, tmp_path: Path, script: str) -> None:
    meta, _ = await with_script(swarm, tmp_path, f"cd {tmp_path}; {script}")
    with pytest.raises(MetaError) as refused:
        await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})
    assert refused.value.code == ErrorCode.BROKEN_LOCK
    assert await meta.leftovers() == []


async def test_a_host_without_that_program_is_told_so(swarm: Any, tmp_path: Path) -> None:
    meta, locker = await with_script(swarm, tmp_path, "exit 0")
    locker.nix.unlink()
    with pytest.raises(MetaError) as refused:
        await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})
    assert str(locker.nix) in refused.value.message
