"""What the operator is shown of an approval, and the hash of it that a decision must carry.

The hash covers everything shown and everything that lies behind it, so that nothing can be swapped in between.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict

from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import iso

from hive_approvals.config_repo import ConfigRepos, Diff

PAGE_BYTES = 1 << 20
_DIFFS = 4
_DIGESTS = 1000

_Key = tuple[str, str | None, str]


class Shown:
    """Diffs and hashes; the last few are kept, since a diff of one base and one commit never changes."""

    def __init__(self, repos: ConfigRepos) -> None:
        self._repos = repos
        self._diffs: OrderedDict[_Key, Diff] = OrderedDict()
        self._digests: OrderedDict[_Key, str] = OrderedDict()

    async def page(self, approval: wire.Approval, cursor: str | None) -> wire.DiffPage:
        """A page of what is shown. Refuses `no_repo` where the agent's repositories are gone."""
        base = await self.base(approval)
        diff = await self._diff(approval, base)
        parts, following = await asyncio.to_thread(diff.page, cursor, PAGE_BYTES)
        return wire.DiffPage(
            approval=approval,
            hash=_hash(approval, base, diff.digest),
            base=base,
            files=diff.files,
            additions=diff.additions,
            deletions=diff.deletions,
            parts=parts,
            next=following,
        )

    async def hash(self, approval: wire.Approval, base: str | None) -> str:
        """The hash of what would be shown now."""
        digest = self._digests.get((approval.agent, base, approval.commit))
        if digest is None:
            digest = (await self._diff(approval, base)).digest
        return _hash(approval, base, digest)

    async def base(self, approval: wire.Approval) -> str | None:
        """What the diff is against: what is deployed; nothing for a new agent; for a decided one, what was then."""
        if approval.status is not ApprovalStatus.PENDING or approval.kind is ApprovalKind.SPAWN:
            return approval.base
        deployed = await asyncio.to_thread(self._repos.deployed, approval.agent)
        if deployed is None:
            text = f"the configuration repository of {approval.agent!r} is gone"
            raise Refusal(ErrorCode.NO_REPO, text, agent=approval.agent)
        return deployed

    async def _diff(self, approval: wire.Approval, base: str | None) -> Diff:
        key = (approval.agent, base, approval.commit)
        diff = self._diffs.get(key)
        if diff is None:
            diff = await asyncio.to_thread(self._read, *key)
            self._diffs[key] = diff
            self._digests[key] = diff.digest
        self._diffs.move_to_end(key)
        _keep(self._diffs, _DIFFS)
        _keep(self._digests, _DIGESTS)
        return diff

    def _read(self, agent: str, base: str | None, commit: str) -> Diff:
        diff = self._repos.diff(agent, base, commit)
        _ = diff.digest  # takes long, and is kept
        return diff


def _hash(approval: wire.Approval, base: str | None, digest: str) -> str:
    facts = {
        "id": approval.id,
        "kind": approval.kind,
        "agent": approval.agent,
        "commit": approval.commit,
        "base": base,
        "description": approval.description,
        "requested_by": approval.requested_by,
        "requested_at": iso(approval.requested_at),
        "notes": approval.notes,
        "revives": approval.revives,
        "diff": digest,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _keep(kept: "OrderedDict[_Key, Diff] | OrderedDict[_Key, str]", limit: int) -> None:
    while len(kept) > limit:
        kept.popitem(last=False)
