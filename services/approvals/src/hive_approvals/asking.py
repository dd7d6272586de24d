"""Taking a request in: asks lifecycle about the agent, brings the commit into the applied repository, records it.

Effects come first and the row last: cut off on the way, nothing shows, and the same request again begins anew.
"""

import asyncio
from collections.abc import Awaitable, Callable

from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire import approvals as wire
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind
from hive_wire.errors import ErrorCode, Refusal

from hive_approvals import approvals, drafts, requests
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.neighbours import Lifecycle
from hive_approvals.requests import Proposal, Wanted
from hive_approvals.rows import now

KEPT_AS_FAILED = frozenset({ErrorCode.FIXED_FILE, ErrorCode.BAD_CONFIG, ErrorCode.BAD_PROPOSAL})
"""Refusals of a commit's content: the request is kept as failed."""


class Asking:
    """The requests for approvals."""

    def __init__(self, database: Database, repos: ConfigRepos, locks: AgentLocks, lifecycle: Lifecycle) -> None:
        self._database = database
        self._repos = repos
        self._locks = locks
        self._lifecycle = lifecycle

    async def spawn(self, by: str, request: wire.SpawnRequest) -> wire.Approval:
        """Ask for a new agent, made from the template."""
        wanted = Wanted(ApprovalKind.SPAWN, request.name, None, request.description, by, request.key)

        async def ready() -> str:
            await self._database.read(lambda c: requests.check_name_is_free(c, request.name))
            await self._lifecycle.check_name(request.name, draft=False)
            seconds = int(now().timestamp())
            async with self._locks.of(request.name):
                await self._database.read(lambda c: requests.check_name_is_free(c, request.name))
                return await asyncio.to_thread(self._repos.seed, request.name, seconds)

        return await self._ask(wanted, ready)

    async def revive(self, by: str, request: wire.SpawnRequest) -> wire.Approval:
        """Ask for an agent made of what is kept of a destroyed one, with the configuration that it had.

        Where its repositories are gone, it is made from the template.
        """
        wanted = Wanted(ApprovalKind.SPAWN, request.name, None, request.description, by, request.key, revives=True)

        async def ready() -> str:
            await self._database.read(lambda c: requests.check_name_is_free(c, request.name))
            await self._lifecycle.check_name(request.name, draft=False, revives=True)
            seconds = int(now().timestamp())
            async with self._locks.of(request.name):
                await self._database.read(lambda c: requests.check_name_is_free(c, request.name))
                return await asyncio.to_thread(self._repos.seed, request.name, seconds)

        return await self._ask(wanted, ready)

    async def spawn_commit(self, by: str, request: wire.SpawnCommitRequest) -> wire.Approval:
        """Ask for a new agent, made from a draft's commit."""
        wanted = Wanted(ApprovalKind.SPAWN, request.name, request.commit, request.description, by, request.key)

        async def ready() -> str:
            await self._database.read(lambda c: drafts.check_usable(c, request.name))
            await self._lifecycle.check_name(request.name, draft=True)
            return await asyncio.to_thread(self._repos.resolve, request.name, request.commit)

        return await self._ask(wanted, ready)

    async def apply_commit(self, by: str, request: wire.ApplyCommitRequest) -> wire.Approval:
        """Ask for a change of an agent's configuration."""
        wanted = Wanted(ApprovalKind.APPLY_COMMIT, request.agent, request.commit, request.description, by, request.key)

        async def ready() -> str:
            await self._lifecycle.check_agent(request.agent)
            return await asyncio.to_thread(self._repos.resolve, request.agent, request.commit)

        return await self._ask(wanted, ready)

    async def _ask(self, wanted: Wanted, ready: Callable[[], Awaitable[str]]) -> wire.Approval:
        known = await self._database.read(lambda c: requests.asked_before(c, wanted))
        if known is not None:
            return known
        commit = await ready()
        async with self._locks.of(wanted.agent):
            point("request.take_in:before")
            proposal, refusal = await asyncio.to_thread(self._take_in, wanted, commit)
            point("request.take_in:after")
            if refusal is not None:
                await self._database.write(lambda c: requests.add_refused(c, wanted, proposal, refusal, now()))
                raise refusal
            approval = await self._database.write(lambda c: requests.add(c, wanted, proposal, now()))
            point("request.recorded:after")
        return approval

    def _take_in(self, wanted: Wanted, commit: str) -> tuple[Proposal, Refusal | None]:
        """The commit, checked; or why its content is refused. Refuses what is wrong with the request itself."""
        agent, spawn = wanted.agent, wanted.kind is ApprovalKind.SPAWN
        deployed = self._repos.deployed(agent)
        if deployed is None:
            raise Refusal(ErrorCode.NO_REPO, f"{agent!r} has no configuration repository", agent=agent)
        base = None if spawn else deployed
        taken = False
        try:
            if not wanted.revives:  # that commit is the applied repository's own
                self._repos.take_in(agent, commit)
            taken = True
            checked = self._repos.check(agent, commit, deployed, spawn=spawn)
        except Refusal as refusal:
            if refusal.code not in KEPT_AS_FAILED:
                raise
            return Proposal(commit, base, taken, AgentConfig(), []), refusal
        return Proposal(commit, base, True, checked.config, checked.notes), None

    async def view(self, number: int) -> wire.Approval:
        """An approval as it is now. Refuses `not_found`."""
        return (await self._database.read(lambda c: approvals.get(c, number))).approval
