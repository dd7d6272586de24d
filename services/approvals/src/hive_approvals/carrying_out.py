"""What follows from an approval's row outside the database: tags, branches, `applied/main`, and then the next row.

Every step is safe to repeat and is found again from the row, so that a kill at any point only delays it. An approval
is shown as deployed only when `applied/main` is at its commit.
"""

import asyncio
from collections.abc import Callable

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire.approvals import ApprovalStatus
from hive_wire.lifecycle import DeployProgress

from hive_approvals import approvals, decisions
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.approvals import Stored
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.rows import now

log = structlog.get_logger()

NO_REASON = "Denied without a reason."


class CarryingOut:
    """The errand of one approval. `refs_changed` is told whose applied repository has other refs now."""

    def __init__(
        self, database: Database, repos: ConfigRepos, locks: AgentLocks, refs_changed: Callable[[str], None]
    ) -> None:
        self._database = database
        self._repos = repos
        self._locks = locks
        self._refs_changed = refs_changed

    async def go_on(self, number: int) -> None:
        """Bring everything in line with the approval's row."""
        agent = (await self._database.read(lambda c: approvals.get(c, number))).approval.agent
        async with self._locks.of(agent):
            stored = await self._database.read(lambda c: approvals.get(c, number))
            has_repo = await asyncio.to_thread(self._repos.has, agent)
            if has_repo and stored.taken:
                await self._step("proposal.tag", self._tag, stored, "proposal")
            await self._follow(stored, has_repo=has_repo)
            if has_repo:
                self._refs_changed(agent)

    async def _follow(self, stored: Stored, *, has_repo: bool) -> None:
        match stored.approval.status:
            case ApprovalStatus.APPROVED | ApprovalStatus.BUILDING:
                if not has_repo:
                    await self._fail(stored, "its configuration repository is gone", [], has_repo=False)
                elif stored.outcome is not None:
                    await self._end(stored, stored.outcome)
                elif stored.approval.status is ApprovalStatus.APPROVED:
                    await self._release(stored)
                else:
                    await self._step("building.tag", self._tag, stored, "building")
            case ApprovalStatus.PENDING if has_repo:
                await self._supersede_if_stale(stored)
            case ApprovalStatus.DENIED if has_repo:
                note = stored.approval.note or NO_REASON
                await self._step("denied.tag", self._annotate, stored, "denied", note)
            case ApprovalStatus.FAILED if has_repo and stored.taken:
                await self._step("failed.tag", self._annotate, stored, "failed", stored.approval.note or "")
            case _:
                pass
        await self._database.write(lambda c: approvals.settle(c, stored.approval.id, stored.version))

    async def _release(self, stored: Stored) -> None:
        branch = _branch(stored)
        await self._step("approved.tag", self._tag, stored, "approved")
        await self._step("approved.branch", self._set_branch, stored)
        point("release:before")
        await self._database.write(lambda c: decisions.release(c, stored.approval.id, branch))
        point("release:after")

    async def _end(self, stored: Stored, outcome: DeployProgress) -> None:
        error = None
        if not outcome.ok:
            error = outcome.error or "lifecycle gave no reason"
        elif not await asyncio.to_thread(self._descends_or_is_deployed, stored):
            log.error("deployed_out_of_line", approval=stored.approval.id, agent=stored.approval.agent)
            error = "a fault of ours: it was deployed, but does not descend from what was deployed before"
        if stored.approval.building_at is not None:
            await self._step("building.tag", self._tag, stored, "building")
        if error is not None:
            await self._fail(stored, error, outcome.notes, has_repo=True)
            return
        await self._step("deployed.forward", self._forward, stored)
        await self._step("deployed.tag", self._tag, stored, "deployed")
        await self._step("deployed.branch", self._drop_branch, stored)
        point("deployed.row:before")
        number, notes = stored.approval.id, outcome.notes
        await self._database.write(lambda c: decisions.deployed(c, number, notes, now()))
        point("deployed.row:after")

    async def _fail(self, stored: Stored, error: str, notes: list[str], *, has_repo: bool) -> None:
        if has_repo:
            await self._step("failed.tag", self._annotate, stored, "failed", error)
            await self._step("failed.branch", self._drop_branch, stored)
        point("failed.row:before")
        number = stored.approval.id
        await self._database.write(lambda c: decisions.failed(c, number, error, notes, now()))
        point("failed.row:after")

    async def _supersede_if_stale(self, stored: Stored) -> None:
        agent, commit = stored.approval.agent, stored.approval.commit
        deployed = await asyncio.to_thread(self._repos.deployed, agent)
        if deployed is None or await asyncio.to_thread(self._repos.descends, agent, commit, deployed):
            return
        why = decisions.rebase_note(deployed)
        await self._database.write(lambda c: decisions.supersede(c, stored.approval.id, why, now()))

    async def _step(self, name: str, effect: Callable[..., None], *values: object) -> None:
        point(f"{name}:before")
        await asyncio.to_thread(effect, *values)
        point(f"{name}:after")

    def _tag(self, stored: Stored, kind: str) -> None:
        self._repos.tag(stored.approval.agent, f"{kind}/{stored.approval.id}", stored.approval.commit)

    def _annotate(self, stored: Stored, kind: str, text: str) -> None:
        of = stored.approval
        self._repos.annotate(of.agent, f"{kind}/{of.id}", of.commit, text, int(now().timestamp()))

    def _set_branch(self, stored: Stored) -> None:
        self._repos.set_branch(stored.approval.agent, _branch(stored), stored.approval.commit)

    def _drop_branch(self, stored: Stored) -> None:
        self._repos.drop_branch(stored.approval.agent, _branch(stored))

    def _forward(self, stored: Stored) -> None:
        self._repos.fast_forward(stored.approval.agent, stored.approval.commit)

    def _descends_or_is_deployed(self, stored: Stored) -> bool:
        agent, commit = stored.approval.agent, stored.approval.commit
        deployed = self._repos.deployed(agent)
        return deployed is not None and (deployed == commit or self._repos.descends(agent, commit, deployed))


def _branch(stored: Stored) -> str:
    return f"build/{stored.approval.id}"
