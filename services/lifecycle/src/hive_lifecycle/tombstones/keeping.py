"""Looks after tombstones: measures new ones, and removes what is to be purged, until it is gone, whichever process
is killed when.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire import approvals
from hive_wire.errors import Refusal
from hive_wire.tombstones import Tombstone
from sqlalchemy import Connection

from hive_lifecycle import deploys
from hive_lifecycle.actions import Ended, Kind
from hive_lifecycle.runner import Runner
from hive_lifecycle.steps import Steps
from hive_lifecycle.tombstones import rows
from hive_lifecycle.tombstones.measuring import Kept, measure
from hive_lifecycle.tombstones.rows import State

log = structlog.get_logger()

_MEASURE_SECONDS = 5.0
_PATIENCE_SECONDS = 20.0
_FIRST_DELAY, _LAST_DELAY = 0.25, 30.0


@dataclass
class Keeping:
    """All tombstones of the swarm."""

    runner: Runner
    _errands: "dict[str, asyncio.Task[None]]" = field(default_factory=dict[str, "asyncio.Task[None]"])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _measuring: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.runner.at_end.append(_note_end)
        self.runner.after.append(lambda _name: self._wake.set())

    async def run(self) -> None:
        """Until cancelled: measure and purge what there is, and what comes."""
        try:
            while True:
                self._wake.clear()
                for name in await self._database.read(lambda c: rows.names(c, State.NEW, State.PURGING)):
                    self._begin(name)
                await self._wake.wait()
        finally:
            for errand in self._errands.values():
                errand.cancel()

    async def all(self) -> list[Tombstone]:
        """All tombstones, as they are now."""
        async with self._measuring:
            deadline = time.monotonic() + _MEASURE_SECONDS
            for name in await self._database.read(lambda c: rows.names(c, State.NEW, State.KEPT)):
                if time.monotonic() > deadline:
                    log.warning("tombstones_not_measured_anew", first=name)
                    break
                await self._measure(name, deadline)
        return await self._database.read(rows.everyone)

    async def purge(self, name: str) -> None:
        """Remove what a tombstone stands for. Returns when it is gone, or surely goes.

        Refuses `agent_exists`, `unknown_tombstone`.
        """
        await self._database.write(lambda c: rows.begin_purge(c, name))
        point("purge.ordered:after")
        until = time.monotonic() + _PATIENCE_SECONDS
        while await self._is_purging(name) and time.monotonic() < until:
            await asyncio.wait({self._begin(name)}, timeout=until - time.monotonic())

    async def _is_purging(self, name: str) -> bool:
        return await self._database.read(lambda c: rows.state(c, name)) is State.PURGING

    def _begin(self, name: str) -> "asyncio.Task[None]":
        if name in self._errands:
            return self._errands[name]
        errand = self._errands[name] = asyncio.create_task(self._run_errand(name), name=f"tombstone {name}")

        def forget(_task: "asyncio.Task[None]") -> None:
            del self._errands[name]
            self._wake.set()

        errand.add_done_callback(forget)
        return errand

    async def _run_errand(self, name: str) -> None:
        """What is to be done for it, again and again until it is done."""
        delay = _FIRST_DELAY
        while True:
            try:
                await self._go_on(name)
            except Exception as error:  # the edge of a background loop: whatever it was, it is tried again
                trace = None if isinstance(error, Refusal | OSError) else error
                log.error("tombstone_errand_failed", name=name, error=str(error), again=delay, exc_info=trace)
            else:
                return
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_DELAY)

    async def _go_on(self, name: str) -> None:
        match await self._database.read(lambda c: rows.state(c, name)):
            case State.NEW:
                await self._measure(name, time.monotonic() + _MEASURE_SECONDS)
            case State.PURGING:
                await self._purge(name)
            case _:
                pass

    async def _measure(self, name: str, deadline: float) -> None:
        kept = await asyncio.to_thread(self._look, name, deadline)
        await self._database.write(lambda c: rows.measured(c, name, kept))

    def _look(self, name: str, deadline: float) -> Kept | None:
        layout = self._steps.layout
        folders = (layout.work(name), layout.home(name), layout.store(name))
        kept = measure(folders, layout.home(name), deadline)
        if kept is not None and self._steps.secrets.has_own(name):
            return Kept(kept.size_bytes, kept.changed_at, login_kept=True)
        return kept

    async def _purge(self, name: str) -> None:
        """Each step may be taken again."""
        steps = self._steps
        point("purge.container:before")
        await steps.runtime.destroy(name, purge=True)
        point("purge.container:after")
        await asyncio.to_thread(steps.layout.remove, name, purge=True)
        point("purge.folders:after")
        await asyncio.to_thread(steps.secrets.forget, name)
        point("purge.secrets:after")
        await steps.bus.call_persistently(approvals.REMOVE_REPOS, approvals.ReposRequest(agent=name))
        point("purge.repos:after")
        await self._database.write(lambda c: rows.end_purge(c, name))
        log.info("tombstone_purged", name=name)

    @property
    def _steps(self) -> Steps:
        return self.runner.steps

    @property
    def _database(self) -> Database:
        return self.runner.steps.database


def _note_end(connection: Connection, ended: Ended) -> None:
    """A destroyed agent whose things are kept becomes a tombstone; so does again one that could not be revived."""
    action = ended.action
    if not ended.gone:
        return
    destroyed = action.kind is Kind.DESTROY and not action.purge
    revived = action.approval is not None and deploys.get(connection, action.approval).revives
    if destroyed or revived:
        rows.make(connection, action.agent, ended.now)
