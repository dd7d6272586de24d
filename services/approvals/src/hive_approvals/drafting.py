"""Making and removing drafts: the row first, then the repositories and lifecycle's state folder, then the row again."""

import asyncio
from collections.abc import Callable

from hive_kit.database import Database
from hive_kit.faults import point
from hive_wire import approvals as wire
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_approvals import drafts, requests
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.drafts import State, StoredDraft
from hive_approvals.neighbours import Lifecycle
from hive_approvals.rows import now

_FINAL = frozenset(
    {
        ErrorCode.BAD_NAME,
        ErrorCode.RESERVED_NAME,
        ErrorCode.NAME_TAKEN,
        ErrorCode.NAME_TOO_LONG,
        ErrorCode.PORT_TAKEN,
    }
)
"""Refusals of lifecycle that trying again won't change."""


class Drafting:
    """Takes requests for drafts, and does the errand of one: making it or removing it."""

    def __init__(
        self,
        database: Database,
        repos: ConfigRepos,
        locks: AgentLocks,
        lifecycle: Lifecycle,
        refs_changed: Callable[[str], None],
    ) -> None:
        self._database = database
        self._repos = repos
        self._locks = locks
        self._lifecycle = lifecycle
        self._refs_changed = refs_changed

    async def request(self, by: str, request: wire.DraftRequest) -> StoredDraft:
        """Record a draft that is to be made; the same again returns the first one."""
        known = await self._database.read(lambda c: drafts.asked_before(c, by, request))
        if known is not None:
            return known
        await self._database.read(lambda c: requests.check_name_is_free(c, request.name))
        await self._lifecycle.check_name(request.name, draft=False)

        def record(connection: Connection) -> StoredDraft:
            first = drafts.asked_before(connection, by, request)
            if first is not None:
                return first
            requests.check_name_is_free(connection, request.name)
            return drafts.begin(connection, request.name, by, request.key, now())

        return await self._database.write(record)

    async def discard(self, name: str) -> int:
        """Record that a draft is to be removed; returns its row."""
        return await self._database.write(lambda c: drafts.discard(c, name))

    async def go_on(self, number: int) -> None:
        """Bring everything in line with the draft's row."""
        draft = await self._database.read(lambda c: drafts.get(c, number))
        async with self._locks.of(draft.name):
            draft = await self._database.read(lambda c: drafts.get(c, number))
            if draft.state is State.MAKING:
                await self._make(draft)
            elif draft.state is State.REMOVING:
                await self._remove(draft)

    async def _make(self, draft: StoredDraft) -> None:
        point("draft.folder:before")
        try:
            await self._lifecycle.make_draft(draft.name)
        except Refusal as refusal:
            if refusal.code not in _FINAL:
                raise
            refused = refusal
            await self._database.write(lambda c: drafts.refused(c, draft.id, refused))
            return
        point("draft.folder:after")
        commit = await asyncio.to_thread(self._repos.seed, draft.name, int(now().timestamp()))
        point("draft.repos:after")
        await self._database.write(lambda c: drafts.opened(c, draft.id, commit))
        point("draft.row:after")
        self._refs_changed(draft.name)

    async def _remove(self, draft: StoredDraft) -> None:
        point("discard.folder:before")
        await self._lifecycle.drop_draft(draft.name)
        point("discard.folder:after")
        await asyncio.to_thread(self._repos.remove, draft.name)
        point("discard.repos:after")
        await self._database.write(lambda c: drafts.removed(c, draft.name))
        point("discard.row:after")
