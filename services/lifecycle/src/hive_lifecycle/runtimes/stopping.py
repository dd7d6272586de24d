"""Ending runs: asking the shim to stop its agent, and clearing up where a shim died before its agent did."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from hive_lifecycle.runtimes.folder import AgentFolder, Run, folders
from hive_lifecycle.runtimes.limits import remove
from hive_lifecycle.runtimes.processes import kill_leftovers

_TEARDOWN_SECONDS = 10.0
_LAUNCH_SECONDS = 5.0


class StillRunning(Exception):
    """Something of the agent survived even SIGKILL (a process stuck in the kernel)."""


async def end_run(folder: AgentFolder, grace_seconds: float) -> None:
    """End the present run, if any, and return when nothing of it is left. Raises StillRunning."""
    run = folder.run()
    if run is None:
        return
    if run.shim.is_alive():
        (folder.path / "grace").write_text(str(grace_seconds))
        run.shim.signal(signal.SIGTERM)
        if not await run.shim.wait(grace_seconds + _TEARDOWN_SECONDS):
            run.shim.signal(signal.SIGKILL)
            await run.shim.wait(_TEARDOWN_SECONDS)
    await clear_up(folder, run)


async def clear_up(folder: AgentFolder, run: Run) -> None:
    """Kill what a dead shim left behind. A shim that recorded the end has left nothing."""
    if folder.ended(run) is not None:
        return
    if not await asyncio.to_thread(kill_leftovers, run.run_id, run.cgroups, _TEARDOWN_SECONDS):
        raise StillRunning(folder.name)
    remove(run.cgroups)


async def stop_all(root: Path, grace_seconds: float) -> list[str]:
    """Stop every agent below root, all at once; the names of those that would not go."""
    everyone = folders(root)
    results = await asyncio.gather(*(_end_last(folder, grace_seconds) for folder in everyone), return_exceptions=True)
    return [folder.name for folder, result in zip(everyone, results, strict=True) if result is not None]


async def _end_last(folder: AgentFolder, grace_seconds: float) -> None:
    """End the present run, or the one that a launch under way (its service may be gone already) is about to begin."""
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(_LAUNCH_SECONDS):
                await held.enter_async_context(folder.locked())
        except TimeoutError:
            pass  # a service that lives holds it; what runs now can be ended all the same
        await end_run(folder, grace_seconds)
