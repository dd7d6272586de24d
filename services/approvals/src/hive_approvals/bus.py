"""Approvals' door: decodes requests, calls the nouns."""

import asyncio
from datetime import UTC, datetime

from hive_kit.bus import Bus, Caller, Service
from hive_kit.database import Database
from hive_wire import approvals as wire
from hive_wire.model import Empty

from hive_approvals import spawns
from hive_approvals.config_repo import ConfigRepos


class ApprovalsDoor:
    """Answers approvals' verbs over one connection."""

    def __init__(self, repos: ConfigRepos, database: Database) -> None:
        self._repos = repos
        self._database = database
        self._one_at_a_time = asyncio.Lock()

    def service(self, bus: Bus, version: str) -> Service:
        """The service to start, every verb with its handler."""
        service = Service(bus, wire.SERVICE, version, "Decisions and configuration repositories")
        service.add(wire.SEED_REPOS, self.seed_repos)
        service.add(wire.REMOVE_REPOS, self.remove_repos)
        return service

    async def seed_repos(self, _caller: Caller, request: wire.SeedRequest) -> wire.SeedReply:
        now = datetime.now(UTC)
        async with self._one_at_a_time:
            commit = await asyncio.to_thread(self._repos.seed, request.agent, int(now.timestamp()))
        row = await self._database.write(lambda c: spawns.record(c, request.agent, commit, request.requested_by, now))
        return wire.SeedReply(commit=commit, approval=row)

    async def remove_repos(self, _caller: Caller, request: wire.ReposRequest) -> Empty:
        async with self._one_at_a_time:
            await asyncio.to_thread(self._repos.remove, request.agent)
        return Empty()
