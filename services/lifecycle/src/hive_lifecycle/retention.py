"""Old events of stopped agents: swept every hour from stores that nobody has open. A running harness does it itself.

The files belong to agents, so this process never opens one: `store_sweep` does, as the agent's own user.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from hive_wire.errors import Refusal
from hive_wire.lifecycle import ContainerState
from hive_wire.model import iso
from sqlalchemy import Connection

from hive_lifecycle import actions, agents
from hive_lifecycle.steps import Steps

log = structlog.get_logger()

KEPT = timedelta(days=7)
_EVERY_SECONDS = 3600.0
_PATIENCE_SECONDS = 60.0
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")


@dataclass(frozen=True)
class Retention:
    """Sweeps the event stores of all agents that are down."""

    steps: Steps

    async def run(self) -> None:
        """Now, and every hour until cancelled."""
        while True:
            try:
                await self.sweep(datetime.now(UTC))
            except (Refusal, OSError) as error:
                log.warning("sweep_failed", error=str(error))
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self, now: datetime) -> None:
        """One store after another."""
        for name in await self.steps.database.read(_down):
            if await self.steps.database.read(lambda c, name=name: _is_down(c, name)):
                await self._sweep_one(name, iso(now - KEPT))

    async def _sweep_one(self, name: str, before: str) -> None:
        """An agent that starts meanwhile does no harm: both hold to SQLite's locks."""
        folder = self.steps.layout.store(name)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("store_left_alone", agent=name, reason=str(error))
            return
        try:
            owner = await self.steps.owner(name)
            said = await _run(descriptor, "-" if owner is None else str(owner.uid), before)
        finally:
            os.close(descriptor)
        if said.get("removed"):
            log.info("store_swept", agent=name, removed=said["removed"])
        elif "removed" not in said:
            log.warning("store_left_alone", agent=name, reason=said.get("left_alone", "the sweep said nothing"))


async def _run(descriptor: int, uid: str, before: str) -> dict[str, object]:
    """What the sweep said; nothing where it was killed by its limits."""
    sweep = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hive_lifecycle.store_sweep",
        str(descriptor),
        uid,
        before,
        pass_fds=(descriptor,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            said, _ = await sweep.communicate()
    except TimeoutError:
        return {"left_alone": f"it took longer than {_PATIENCE_SECONDS:g} s"}
    finally:
        if sweep.returncode is None:
            sweep.kill()
            await sweep.wait()
    try:
        return dict(json.loads(said))
    except ValueError:
        return {"left_alone": f"the sweep ended with {sweep.returncode}"}


def _down(connection: Connection) -> list[str]:
    return [agent.name for agent in agents.everyone(connection) if _is_down(connection, agent.name)]


def _is_down(connection: Connection, name: str) -> bool:
    """Whether its harness is surely not running: no container and nothing done to it."""
    agent = agents.find(connection, name)
    return (
        agent is not None
        and agent.container is not ContainerState.RUNNING
        and actions.in_flight(connection, name) is None
    )
