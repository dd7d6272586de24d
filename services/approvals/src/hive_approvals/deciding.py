"""The operator's decisions: each item by itself, on exactly what was shown, checked under the agent's lock."""

import asyncio

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalKind, ApprovalStatus, Decision
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_approvals import approvals, decisions, drafts
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.neighbours import Lifecycle
from hive_approvals.rows import now
from hive_approvals.shown import Shown

log = structlog.get_logger()


class Deciding:
    """Approves and denies."""

    def __init__(
        self, database: Database, repos: ConfigRepos, locks: AgentLocks, lifecycle: Lifecycle, shown: Shown
    ) -> None:
        self._database = database
        self._repos = repos
        self._locks = locks
        self._lifecycle = lifecycle
        self._shown = shown

    async def decide(self, by: str, request: wire.DecideRequest) -> wire.DecideReply:
        """One result for each item, in their order."""
        reason = (request.reason or "").strip() or None
        return wire.DecideReply(
            results=[await self._result(by, item, request.decision, reason) for item in request.items]
        )

    async def _result(
        self, by: str, item: wire.DecisionItem, decision: Decision, reason: str | None
    ) -> wire.DecisionResult:
        try:
            approval = await self._decide(by, item, decision, reason)
        except Refusal as refusal:
            refused = refusal
        except Exception as error:  # the edge of one item: what was decided of the others must be told
            log.error("decision_failed", approval=item.id, exc_info=error)
            refused = Refusal(ErrorCode.INTERNAL, "the decision failed; the service's log says why")
        else:
            return wire.DecisionResult(id=item.id, ok=True, approval=approval)
        present = await self._database.read(lambda c: _view(c, item.id))
        return wire.DecisionResult(id=item.id, ok=False, approval=present, code=refused.code, message=refused.message)

    async def _decide(self, by: str, item: wire.DecisionItem, decision: Decision, reason: str | None) -> wire.Approval:
        found = await self._database.read(lambda c: approvals.get(c, item.id))
        decisions.check_pending(found)
        bad_name = await self._bad_name(found.approval) if decision is Decision.APPROVE else None
        async with self._locks.of(found.approval.agent):
            approval = (await self._database.read(lambda c: approvals.get(c, item.id))).approval
            if decision is Decision.APPROVE and approval.status is ApprovalStatus.PENDING:
                await self._check_descends(approval)
            base = await self._check_hash(approval, item.hash)
            if bad_name is not None:
                raise bad_name
            point("decide:before")
            at = now()
            decided = await self._database.write(
                lambda c: (
                    decisions.approve(c, item.id, by, base, at)
                    if decision is Decision.APPROVE
                    else decisions.deny(c, item.id, by, base, reason, at)
                )
            )
            point("decide:after")
        log.info("decided", approval=item.id, decision=decision, agent=decided.agent, commit=decided.commit)
        return decided

    async def _check_hash(self, approval: wire.Approval, shown: str) -> str | None:
        """What it is decided against. Refuses `already_decided`, `changed_since_shown`."""
        stored = await self._database.read(lambda c: approvals.get(c, approval.id))
        decisions.check_pending(stored)
        base = await self._shown.base(approval)
        present = await self._shown.hash(approval, base)
        if present != shown:
            text = f"approval #{approval.id} is not what was shown; look at it again before you decide"
            raise Refusal(ErrorCode.CHANGED_SINCE_SHOWN, text, hash=present)
        return base

    async def _check_descends(self, approval: wire.Approval) -> None:
        """Refuses `stale_base`; the approval is superseded then."""
        await self._database.read(lambda c: decisions.check_nothing_in_flight(c, approval.agent))
        deployed = await asyncio.to_thread(self._repos.deployed, approval.agent)
        if deployed is None:
            raise Refusal(ErrorCode.NO_REPO, f"{approval.agent!r} has no configuration repository")
        if not await asyncio.to_thread(self._repos.descends, approval.agent, approval.commit, deployed):
            why = decisions.rebase_note(deployed)
            await self._database.write(lambda c: decisions.supersede(c, approval.id, why, now()))
            raise Refusal(ErrorCode.STALE_BASE, f"approval #{approval.id}: {why}", deployed=deployed)

    async def _bad_name(self, approval: wire.Approval) -> Refusal | None:
        """Why no agent of that name can be made now."""
        if approval.kind is not ApprovalKind.SPAWN:
            return None
        draft = await self._database.read(lambda c: drafts.find(c, approval.agent))
        try:
            await self._lifecycle.check_name(approval.agent, draft=draft is not None, revives=approval.revives)
        except Refusal as refusal:
            return refusal
        return None


def _view(connection: Connection, number: int) -> wire.Approval | None:
    try:
        return approvals.get(connection, number).approval
    except Refusal:
        return None
