"""The door of the configuration repositories: seeding, removing, reading what is deployed."""

import asyncio
from collections.abc import Callable

from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_wire import approvals as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.names import MANAGER, is_free_for_agents

from hive_approvals import decisions, spawns
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.deployed_config import config_at
from hive_approvals.rows import now


class ReposDoor:
    """Answers the verbs about repositories."""

    def __init__(
        self, database: Database, repos: ConfigRepos, locks: AgentLocks, refs_changed: Callable[[str], None]
    ) -> None:
        self._database = database
        self._repos = repos
        self._locks = locks
        self._refs_changed = refs_changed

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.READ_CONFIG, self.read_config)
        service.add(wire.SEED_REPOS, self.seed_repos)
        service.add(wire.REMOVE_REPOS, self.remove_repos)

    async def read_config(self, _caller: Caller, request: wire.ConfigRequest) -> wire.ConfigFile:
        return await asyncio.to_thread(self._read, request.agent, request.path)

    async def seed_repos(self, _caller: Caller, request: wire.SeedRequest) -> wire.SeedReply:
        at, agent = now(), request.agent
        async with self._locks.of(agent):
            commit = await asyncio.to_thread(self._repos.seed, agent, int(at.timestamp()))
            config = await asyncio.to_thread(config_at, self._repos, agent, commit)
            row = await self._database.write(
                lambda c: spawns.record(c, agent, commit, config, request.requested_by, at)
            )
        self._refs_changed(agent)
        return wire.SeedReply(commit=commit, approval=row, config=config)

    async def remove_repos(self, _caller: Caller, request: wire.ReposRequest) -> Empty:
        why = f"{request.agent!r} and its configuration were removed"
        async with self._locks.of(request.agent):
            await self._database.write(lambda c: decisions.supersede_all(c, request.agent, None, why, now()))
            await asyncio.to_thread(self._repos.remove, request.agent)
        return Empty()

    def _read(self, agent: str, path: str) -> wire.ConfigFile:
        named = agent == MANAGER or is_free_for_agents(agent)
        commit = self._repos.deployed(agent) if named else None
        if commit is None:
            text = f"there is no agent {agent!r} with a configuration"
            raise Refusal(ErrorCode.UNKNOWN_AGENT, text, agent=agent)
        content, cut = self._repos.read_file(agent, commit, path)
        return wire.ConfigFile(
            agent=agent,
            commit=commit,
            path=path,
            text=content.decode("utf-8", "backslashreplace"),
            cut=cut,
            paths=self._repos.paths(agent, commit),
        )
