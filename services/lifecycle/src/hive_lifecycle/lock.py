"""What the lock of the swarm's flake says, as views show it: each agent's revision, and whether `hyperhive` has moved
on since an agent was built. Keeps the flake in line with the list of agents; deploys move it on, which is `flake`'s
matter.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from hive_kit.database import Database
from hive_wire.errors import Refusal
from hive_wire.lifecycle import ContainerState
from sqlalchemy import Connection

from hive_lifecycle import actions, agents
from hive_lifecycle.agents import Agent
from hive_lifecycle.branches import find_pin, whole_id
from hive_lifecycle.deploys import short
from hive_lifecycle.meta import Meta, Pin
from hive_lifecycle.notices import note_update

log = structlog.get_logger()

LOCK_FILE = "flake.lock"
_LOOK_SECONDS = 5.0
_AGAIN_SECONDS = 60.0
_KEY = "action-"


@dataclass
class Lock:
    """The lock of the swarm's flake. `applied` has the agents' repositories; `digest` is of what a start of an agent
    now would use."""

    database: Database
    meta: Meta
    applied: Path
    digest: Callable[[Agent], Awaitable[str | None]]
    hyperhive: str | None = None
    """What the input `hyperhive` is at, as an opaque text; None where there is no lock or it can't be read."""
    _seen: tuple[int, int] | None = None
    _ensured: bool = False
    _one_changes: asyncio.Lock = field(default_factory=asyncio.Lock)
    _one_reads: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """Read it and tell what it changes of views."""
        async with self._one_reads:
            self._seen = await asyncio.to_thread(_stamp, self._file)
            self.hyperhive = await asyncio.to_thread(hyperhive_at, self.meta.folder)
            revisions = await self.meta.revisions()
            await self.database.write(lambda c: _take_note(c, revisions, self.hyperhive))

    async def outdated(self) -> list[str]:
        """Agents that a rebuild would change: what runs was started with something older, or was built with another
        `hyperhive`."""
        everyone = await self.database.read(agents.everyone)
        return [agent.name for agent in everyone if await self._is_outdated(agent)]

    async def ensure(self) -> None:
        """The flake fits the list of agents; done once, and again where it was lost. Refuses `broken_lock`."""
        async with self.changing():
            pass

    @asynccontextmanager
    async def changing(self) -> AsyncGenerator[None]:
        """As `ensure`; and it isn't done again while an agent comes into the flake or goes: who is in it already and
        not yet among the agents, or the other way round, would be taken for left over. Refuses `broken_lock`."""
        async with self._one_changes:
            if not self._ensured or not await asyncio.to_thread(self._file.exists):
                await self._clear_up()
                await self._ensure()
                self._ensured = True
                await self.refresh()
            yield

    async def keep(self) -> None:
        """Until cancelled: `ensure`, however often that fails, and look after the lock, which others may break."""
        loop = asyncio.get_running_loop()
        again = loop.time()
        while True:
            try:
                if not self._ensured and loop.time() >= again:
                    again = loop.time() + _AGAIN_SECONDS
                    await self.ensure()
                elif await asyncio.to_thread(_stamp, self._file) != self._seen:
                    await self.refresh()
            except Exception as error:  # the edge of a loop: agents run without it, and it is tried again
                log.warning("flake_not_kept", exc_info=None if isinstance(error, Refusal) else error, error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    def moved_since(self, built_with: str | None) -> bool:
        """Whether `hyperhive` is at something else than what was built with, as far as both are known."""
        return None not in (self.hyperhive, built_with) and self.hyperhive != built_with

    @property
    def _file(self) -> Path:
        return self.meta.folder / LOCK_FILE

    async def _ensure(self) -> None:
        """Every agent is in the flake and nobody else. One whose repository is gone stays as it is locked."""
        await self._learn_commits()
        locked = await self.meta.revisions()
        wanted = await self.database.read(lambda c: _commits(c, set(locked)))
        pins: dict[str, Pin] = {}
        for name, commit in wanted.items():
            pin = await asyncio.to_thread(find_pin, self.applied / name, commit)
            if pin is not None or name in locked:
                pins[name] = pin or Pin(locked[name])
            else:
                log.warning("agent_not_in_flake", agent=name, commit=commit)
        await self.meta.ensure(pins)
        left = await self.database.read(agents.names)
        for name in set(pins) - set(left):  # destroyed meanwhile
            await self.meta.remove(name)

    async def _learn_commits(self) -> None:
        """Agents from before there was a flake are known by the beginning of their commit's id alone."""
        for agent in await self.database.read(agents.everyone):
            if agent.commit is None and agent.revision is not None:
                found = await asyncio.to_thread(whole_id, self.applied / agent.name, agent.revision)
                if found is not None:
                    await self.database.write(
                        lambda c, name=agent.name, found=found: agents.change(c, name, commit_id=found)
                    )

    async def _clear_up(self) -> None:
        """Drop what actions prepared that have ended."""
        left = [key for key in await self.meta.leftovers() if key.startswith(_KEY)]
        open_ones = {action.key for action in await self.database.read(actions.unfinished)}
        for key in left:
            if key.removesuffix("-back") not in open_ones:
                log.info("prepared_lock_dropped", key=key)
                await self.meta.abort(key)

    async def _is_outdated(self, agent: Agent) -> bool:
        if agent.commit is None:
            return False
        if self.moved_since(agent.built_with):
            return True
        if agent.container is not ContainerState.RUNNING:
            return False
        digest = await self.digest(agent)
        return bool(agent.needs_update) or (None not in (digest, agent.started_with) and digest != agent.started_with)


def hyperhive_at(folder: Path) -> str | None:
    """What the lock file in that folder has for the input `hyperhive`; None where it can't be read."""
    try:
        lock: Any = json.loads((folder / LOCK_FILE).read_text())  # Any: a JSON file that anybody may have touched
        nodes = lock["nodes"]
        locked = dict(nodes[nodes[lock["root"]]["inputs"]["hyperhive"]]["locked"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    locked.pop("lastModified", None)
    return json.dumps(locked, sort_keys=True)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size


def _take_note(connection: Connection, revisions: dict[str, str], hyperhive: str | None) -> None:
    for agent in agents.everyone(connection):
        revision = revisions.get(agent.name)
        locked = None if revision is None else short(revision)
        if locked != agent.locked:
            agents.change(connection, agent.name, locked=locked)
        if None not in (hyperhive, agent.built_with) and hyperhive != agent.built_with:
            note_update(connection, agent.name, needed=True)


def _commits(connection: Connection, locked: set[str]) -> dict[str, str]:
    """Each agent's deployed commit. One being made that the lock has already stays in it until that has ended."""
    found = {agent.name: agent.commit or "" for agent in agents.everyone(connection)}
    return {name: commit for name, commit in found.items() if commit or name in locked}
