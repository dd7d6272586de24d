"""The keeper of the swarm's flake: makes it fit the list of agents, prepares changes of its lock, puts them in force.

Each verb may be done again after a kill at any point and comes to the same end. One writer at a time; readers never
wait. Which commit an agent is to have, and when, is its caller's decision.
"""

import hashlib
import json
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2
import structlog
from hive_kit import faults

from hive_lifecycle.meta.errors import MetaError, broken_lock, unknown_input
from hive_lifecycle.meta.files import Files, merged, settled, written
from hive_lifecycle.meta.flake_text import HYPERHIVE, FlakeText, agent_of, input_of, urls
from hive_lifecycle.meta.in_thread import in_thread
from hive_lifecycle.meta.lock_file import LockFile
from hive_lifecycle.meta.locker import Locker, LockRequest, Output, PinnedInput
from hive_lifecycle.meta.messages import ensured_message
from hive_lifecycle.meta.pins import Applied, Pin
from hive_lifecycle.meta.repository import MetaRepository
from hive_lifecycle.meta.state import MetaState, revisions_of, state_of
from hive_lifecycle.meta.writer import Writer

log = structlog.get_logger()


def _unheard(_line: str) -> None:
    """For whoever doesn't listen."""


@dataclass(frozen=True)
class _Wish:
    """What the lock shall be: the agents there are, those to be locked to a pin, and whether hyperhive moves."""

    agents: frozenset[str]
    pins: Mapping[str, Pin]
    hyperhive: bool = False


class Meta:
    """The flake at `root`, for the repositories in `applied`; `source` is what its input `hyperhive` points at."""

    def __init__(self, root: Path, applied: Path, source: str, locker: Locker) -> None:
        self._repository = MetaRepository(root)
        self._applied = Applied(applied)
        self._text = FlakeText(source, applied)
        self._locker = locker
        self._writer = Writer(root.with_name(f"{root.name}.lock"))

    @property
    def folder(self) -> Path:
        """The flake as it is in force."""
        return self._repository.root

    async def ensure(self, agents: Mapping[str, Pin], output: Output = _unheard) -> str:
        """Make the flake fit the list of agents; what is not locked yet is locked to its pin. The head commit.

        An agent that can't be locked is left out, so that the others can be built; the log says why. Refuses
        `broken_lock` when `hyperhive` can't be locked."""
        async with self._turn() as files:
            before = files if files.readable() else Files(files.flake)
            if before is not files:
                log.warning("meta_lock_unreadable", doing="locked anew from the list of agents")
            usable = await in_thread(self._usable, before, agents)
            lock = await self._lock(before, _Wish(frozenset(usable), usable), output)
            after = written(self._text, lock)
            if after != files:
                message = ensured_message(_names(before), lock.names(), _moved(before, after))
                await in_thread(self._repository.commit, after, f"{message}\n", _now())
            head = await in_thread(self._repository.head)
        if head is None:
            raise RuntimeError("the flake has no commit after one was made")
        return head

    async def prepare(
        self, key: str, agents: Mapping[str, Pin], *, update: Sequence[str] = (), output: Output = _unheard
    ) -> Path:
        """A worktree whose flake also has these agents, locked to their pins, with the inputs in `update` locked anew.

        Again with the same key and wishes: the same one. Refuses `unknown_input`, `broken_lock`, `no_repo`."""
        digest = _digest(agents, update)
        async with self._turn() as files:
            found = await in_thread(self._repository.prepared, key)
            if found is None or found.request != digest:
                await in_thread(self._repository.drop, key)
                wish = await in_thread(self._wish, files.lock_file(), agents, update)
                prepared = written(self._text, await self._lock(files, wish, output))
                await in_thread(self._repository.prepare, key, prepared, digest, _now())
            tree = await in_thread(self._repository.tree, key)
        faults.point("meta.prepare:after")
        return tree

    async def finalize(self, key: str, message: str) -> str | None:
        """Put in force what was prepared, on top of what became so meanwhile. The commit; None when nothing differs."""
        async with self._turn() as files:
            return await in_thread(self._finalize, files, key, message)

    async def abort(self, key: str) -> None:
        """Drop what was prepared; nothing happens where nothing was."""
        async with self._turn():
            await in_thread(self._repository.drop, key)

    async def remove(self, name: str) -> None:
        """The agent is no longer in the flake; nothing happens where it wasn't."""
        async with self._turn() as files:
            lock = files.lock_file()
            if input_of(name) in lock.names():
                after = written(self._text, lock.without([input_of(name)]))
                await in_thread(self._repository.commit, after, f"remove {input_of(name)}\n", _now())

    async def inputs(self) -> MetaState:
        """What the flake's inputs are locked to."""
        return await in_thread(self._state)

    async def revisions(self) -> dict[str, str]:
        """The full commit id that each agent is locked to; none of whoever is not locked, or can't be read."""
        return revisions_of(await self.inputs())

    async def leftovers(self) -> list[str]:
        """The keys of what was prepared and neither finalized nor aborted. Refuses `broken_lock` as a writer does."""
        try:
            return await in_thread(self._repository.waiting)
        except pygit2.GitError as error:
            raise broken_lock(f"the repository {self.folder} is damaged: {error}") from error

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[Files]:
        """The flake is ours: put right after a kill, with what is in force. Refuses `broken_lock` for a damaged one."""
        async with self._writer.turn():
            try:
                yield await in_thread(self._recover)
            except pygit2.GitError as error:
                raise broken_lock(f"the repository {self.folder} is damaged: {error}") from error

    def _recover(self) -> Files:
        files = self._repository.recover()
        if self._repository.head() is not None and not self._repository.is_clean(files):
            log.warning("meta_flake_restored", folder=str(self.folder), doing="files are again as last committed")
            self._repository.check_out(files)
        return files

    def _state(self) -> MetaState:
        try:
            files = self._repository.working()
        except OSError as error:
            return MetaState((), None, f"the swarm's flake can't be read: {error}")
        try:
            return state_of(files, self._repository.head())
        except pygit2.GitError as error:
            return replace(state_of(files, None), error=f"the repository {self.folder} is damaged: {error}")

    def _usable(self, before: Files, agents: Mapping[str, Pin]) -> dict[str, Pin]:
        """The agents that are locked already, each to what it is locked to, and those that can be."""
        lock, usable = before.lock_file(), dict[str, Pin]()
        for name, pin in agents.items():
            node = lock.input(input_of(name))
            kept = pin if node is None or node.revision is None else Pin(node.revision)
            if not self._is_stale(before, lock, input_of(name)):
                usable[name] = kept
            elif (found := self._first_usable(name, (kept, pin))) is not None:
                usable[name] = found
        return usable

    def _first_usable(self, agent: str, pins: Iterable[Pin]) -> Pin | None:
        for pin in pins:
            try:
                self._applied.check(agent, pin)
                return pin
            except MetaError as refusal:
                log.warning("meta_agent_cannot_be_locked", agent=agent, commit=pin.commit, reason=refusal.message)
        return None

    def _wish(self, lock: LockFile, agents: Mapping[str, Pin], update: Sequence[str]) -> _Wish:
        there = [agent for agent in map(agent_of, lock.names()) if agent is not None]
        known = {HYPERHIVE, *map(input_of, there), *map(input_of, agents)}
        pins = dict(agents)
        for name in update:
            agent = agent_of(name)
            if name not in known:
                raise unknown_input(name, sorted(known))
            if agent is not None and agent not in agents:
                pins[agent] = self._applied.head(agent)
        for agent, pin in pins.items():
            self._applied.check(agent, pin)
        return _Wish(frozenset({*there, *pins}), pins, HYPERHIVE in update)

    def _is_stale(self, files: Files, lock: LockFile, name: str) -> bool:
        """Whether that input has to be locked because it isn't, or points elsewhere now."""
        return lock.input(name) is None or urls(files.flake).get(name) != self._text.url(name)

    async def _lock(self, files: Files, wish: _Wish, output: Output) -> LockFile:
        """The lock that was wished for; the locker is asked only when something is to be locked."""
        before = files.lock_file()
        wanted = {HYPERHIVE, *map(input_of, wish.agents)}
        kept = before.without(set(before.names()) - wanted)
        stale = {name for name in wanted if self._is_stale(files, kept, name)}
        if wish.hyperhive:
            stale.add(HYPERHIVE)
        pins = {input_of(agent): pin for agent, pin in wish.pins.items() if self._differs(kept, stale, agent, pin)}
        if not stale and not pins:
            return kept
        request = LockRequest(
            self._text.render(wish.agents),
            kept.without(stale),
            {name: self._pinned(name, pin) for name, pin in pins.items()},
        )
        lock = await self._locker.lock(request, output)
        _check(lock, wanted, pins)
        return lock

    def _differs(self, lock: LockFile, stale: Iterable[str], agent: str, pin: Pin) -> bool:
        node = lock.input(input_of(agent))
        return input_of(agent) in stale or node is None or node.revision != pin.commit

    def _pinned(self, name: str, pin: Pin) -> PinnedInput:
        return PinnedInput(self._text.url(name), self._applied.of(agent_of(name) or name), pin)

    def _finalize(self, files: Files, key: str, message: str) -> str | None:
        prepared = self._repository.prepared(key)
        if prepared is None:
            self._repository.drop(key)
            return self._repository.find(key)
        commit = self._repository.find(key, since=prepared.base)
        if commit is None:
            change = [self._repository.files_of(one).lock_file() for one in (prepared.base, prepared.commit)]
            after = written(self._text, settled(merged(change[0], change[1], files.lock_file())))
            if after != files:
                commit = self._repository.commit(after, f"{message}\n\nKey: {key}\n", _now())
        self._repository.drop(key)
        faults.point("meta.finalize:after")
        return commit


def _check(lock: LockFile, wanted: set[str], pins: Mapping[str, Pin]) -> None:
    if set(lock.names()) != wanted:
        raise broken_lock(f"{', '.join(sorted(wanted ^ set(lock.names())))} could not be locked")
    for name, pin in pins.items():
        node = lock.input(name)
        if node is None or node.revision != pin.commit:
            got = node.revision if node else None
            raise broken_lock(f"{name} was to be locked to {pin.commit} and came out as {got}; nothing was changed")


def _names(files: Files) -> list[str]:
    return files.lock_file().names()


def _moved(before: Files, after: Files) -> list[str]:
    one, two = before.lock_file(), after.lock_file()
    return [name for name in two.names() if not two.same(name, one)]


def _digest(agents: Mapping[str, Pin], update: Sequence[str]) -> str:
    pins = {name: [pin.commit, pin.branch] for name, pin in agents.items()}
    return hashlib.sha256(json.dumps([pins, sorted(update)], sort_keys=True).encode()).hexdigest()


def _now() -> int:
    return int(time.time())
