"""The door of approvals and drafts: passes requests on, and waits a little for what follows from them."""

from hive_kit.bus import Caller, Service
from hive_kit.database import Database
from hive_kit.outbox import last_outbox_id
from hive_wire import approvals as wire
from hive_wire.errors import Refusal
from hive_wire.model import Empty
from sqlalchemy import Connection

from hive_approvals import approvals, drafts, history, question_rows
from hive_approvals.asking import Asking
from hive_approvals.deciding import Deciding
from hive_approvals.drafting import Drafting
from hive_approvals.errands import Errands
from hive_approvals.shown import Shown

_PATIENCE_SECONDS = 5.0
"""How long a reply waits for refs, folders and repositories. They come all the same when it is over."""


class DecisionsDoor:
    """Answers the verbs about approvals and drafts."""

    def __init__(
        self,
        database: Database,
        asking: Asking,
        deciding: Deciding,
        drafting: Drafting,
        shown: Shown,
        approval_errands: Errands,
        draft_errands: Errands,
    ) -> None:
        self._database = database
        self._asking = asking
        self._deciding = deciding
        self._drafting = drafting
        self._shown = shown
        self._approval_errands = approval_errands
        self._draft_errands = draft_errands

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.REQUEST_SPAWN, self.request_spawn)
        service.add(wire.REQUEST_SPAWN_DRAFT, self.request_spawn_draft)
        service.add(wire.REQUEST_SPAWN_COMMIT, self.request_spawn_commit)
        service.add(wire.REVIVE, self.revive)
        service.add(wire.REQUEST_APPLY_COMMIT, self.request_apply_commit)
        service.add(wire.PENDING, self.pending)
        service.add(wire.HISTORY, self.history)
        service.add(wire.APPROVAL, self.approval)
        service.add(wire.DIFF, self.diff, limit=16)
        service.add(wire.DECIDE, self.decide)
        service.add(wire.DRAFTS, self.drafts)
        service.add(wire.DISCARD_DRAFT, self.discard_draft)
        service.add(wire.SNAPSHOT, self.snapshot)

    async def request_spawn(self, caller: Caller, request: wire.SpawnRequest) -> wire.Approval:
        return await self._settled(await self._asking.spawn(caller.principal, request))

    async def request_spawn_commit(self, caller: Caller, request: wire.SpawnCommitRequest) -> wire.Approval:
        draft = await self._database.read(lambda c: drafts.find(c, request.name))
        if draft is not None:
            await self._draft_errands.ended(draft.id, _PATIENCE_SECONDS)  # it may be in the making
        return await self._settled(await self._asking.spawn_commit(caller.principal, request))

    async def revive(self, caller: Caller, request: wire.SpawnRequest) -> wire.Approval:
        return await self._settled(await self._asking.revive(caller.principal, request))

    async def request_apply_commit(self, caller: Caller, request: wire.ApplyCommitRequest) -> wire.Approval:
        return await self._settled(await self._asking.apply_commit(caller.principal, request))

    async def request_spawn_draft(self, caller: Caller, request: wire.DraftRequest) -> wire.Draft:
        draft = await self._drafting.request(caller.principal, request)
        await self._draft_errands.ended(draft.id, _PATIENCE_SECONDS)

        def look(connection: Connection) -> wire.Draft:
            now = drafts.get(connection, draft.id)
            if now.refusal is not None:
                raise Refusal(now.refusal.code, now.refusal.message, **now.refusal.details)
            return drafts.view(connection, now)

        return await self._database.read(look)

    async def pending(self, _caller: Caller, _request: Empty) -> wire.ApprovalList:
        found, broken = await self._database.read(history.open_ones)
        return wire.ApprovalList(approvals=found, broken=broken, total=len(found) + len(broken))

    async def history(self, _caller: Caller, request: wire.HistoryRequest) -> wire.ApprovalList:
        return await self._database.read(lambda c: history.page(c, request))

    async def approval(self, _caller: Caller, request: wire.ApprovalId) -> wire.Approval:
        return await self._view(request.id)

    async def diff(self, _caller: Caller, request: wire.DiffRequest) -> wire.DiffPage:
        return await self._shown.page(await self._view(request.id), request.cursor)

    async def decide(self, caller: Caller, request: wire.DecideRequest) -> wire.DecideReply:
        return await self._deciding.decide(caller.principal, request)

    async def drafts(self, _caller: Caller, _request: Empty) -> wire.DraftList:
        found, _ = await self._database.read(drafts.open_ones)
        return wire.DraftList(drafts=found)

    async def discard_draft(self, _caller: Caller, request: wire.DraftName) -> Empty:
        await self._draft_errands.ended(await self._drafting.discard(request.name), _PATIENCE_SECONDS)
        return Empty()

    async def snapshot(self, _caller: Caller, _request: Empty) -> wire.ApprovalsSnapshot:
        store = self._database.store_id

        def look(connection: Connection) -> wire.ApprovalsSnapshot:
            waiting, bad_approvals = history.open_ones(connection)
            asked, bad_questions, left_out = question_rows.oldest_open(connection)
            made, bad_drafts = drafts.open_ones(connection)
            return wire.ApprovalsSnapshot(
                outbox_id=last_outbox_id(connection),
                store=store,
                approvals=waiting,
                resolved=history.resolved(connection),
                questions=asked,
                questions_left_out=left_out,
                drafts=made,
                broken=[*bad_approvals, *bad_questions, *bad_drafts],
            )

        return await self._database.read(look)

    async def _settled(self, approval: wire.Approval) -> wire.Approval:
        """The approval, once its tag is written."""
        await self._approval_errands.ended(approval.id, _PATIENCE_SECONDS)
        return await self._view(approval.id)

    async def _view(self, number: int) -> wire.Approval:
        return (await self._database.read(lambda c: approvals.get(c, number))).approval
