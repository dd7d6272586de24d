"""Asking for an approval: which requests are one, which find a name or a place taken, how they are recorded.

The content itself was checked before; one whose content was refused is kept as failed.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from hive_kit.outbox import emit
from hive_kit.times import microseconds
from hive_wire import approvals as wire
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_approvals import approvals, drafts

OPEN_BYTES = 2 << 20
"""How much text all open approvals may have together: they are listed in one reply."""


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for. `commit` as it was given; None: the template, or what a destroyed agent had where it
    `revives` that."""

    kind: ApprovalKind
    agent: str
    commit: str | None
    description: str
    requested_by: str
    key: str
    revives: bool = False

    @property
    def content(self) -> str:
        """What must be the same when the key comes again."""
        facts = [self.kind, self.agent, self.commit, self.description, *(["revives"] if self.revives else [])]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@dataclass(frozen=True)
class Proposal:
    """A commit that was taken into the applied repository and checked, or could not be."""

    commit: str
    base: str | None
    taken: bool
    config: AgentConfig
    notes: list[str]


def asked_before(connection: Connection, wanted: Wanted) -> wire.Approval | None:
    """What the same key made before. Refuses as that time, and another content with `key_reused`."""
    row = connection.exec_driver_sql(
        f'SELECT {approvals.COLUMNS} FROM approvals WHERE requested_by = ? AND "key" = ?',
        (wanted.requested_by, wanted.key),
    ).one_or_none()
    if row is None:
        return None
    known = approvals.stored(row)
    if known.content != wanted.content:
        text = f"approval #{known.approval.id} was asked for with this key and another content"
        raise Refusal(ErrorCode.KEY_REUSED, text, id=known.approval.id)
    if known.refusal is not None:
        raise Refusal(known.refusal.code, known.refusal.message, **known.refusal.details)
    return known.approval


def check_name_is_free(connection: Connection, name: str) -> None:
    """Refuse `name_taken` where an approval or a draft has the name."""
    waiting = approvals.open_spawn(connection, name)
    if waiting is not None:
        raise Refusal(ErrorCode.NAME_TAKEN, f"approval #{waiting} is to make {name!r} already", approval=waiting)
    if drafts.find(connection, name) is not None:
        text = f"there is a draft of that name; ask for one of its commits, or discard it: {name!r}"
        raise Refusal(ErrorCode.NAME_TAKEN, text, draft=name)


def add(connection: Connection, wanted: Wanted, proposal: Proposal, now: datetime) -> wire.Approval:
    """Record a request that waits for the operator from now on; the same again returns the first.

    Refuses `key_reused`, `name_taken`, `unknown_draft`, `draft_in_use`, `nothing_new`, `slow_down`.
    """
    known = asked_before(connection, wanted)
    if known is not None:
        return known
    if wanted.kind is ApprovalKind.APPLY_COMMIT:
        _check_commit_is_new(connection, wanted.agent, proposal.commit)
    elif wanted.commit is None:
        check_name_is_free(connection, wanted.agent)
    else:
        drafts.check_usable(connection, wanted.agent)
    _check_room(connection, wanted, proposal)
    approval = _insert(connection, wanted, proposal, now)
    emit(connection, wire.REQUESTED, wire.ApprovalChanged(approval=approval))
    drafts.tell(connection, wanted.agent)
    return approval


def add_refused(
    connection: Connection, wanted: Wanted, proposal: Proposal, refusal: Refusal, now: datetime
) -> wire.Approval:
    """Record a request whose content can't be deployed: it has failed, and nothing waits."""
    row = connection.exec_driver_sql(
        'SELECT id FROM approvals WHERE requested_by = ? AND "key" = ?', (wanted.requested_by, wanted.key)
    ).one_or_none()
    if row is not None:
        return approvals.get(connection, int(row.id)).approval
    approval = _insert(connection, wanted, proposal, now)
    approval = approvals.change(
        connection,
        approval.id,
        status=ApprovalStatus.FAILED,
        note=refusal.message,
        refusal=refusal.body().model_dump_json(),
        resolved_at=microseconds(now),
    )
    emit(connection, wire.RESOLVED, wire.ApprovalChanged(approval=approval))
    return approval


def _insert(connection: Connection, wanted: Wanted, proposal: Proposal, now: datetime) -> wire.Approval:
    row = connection.exec_driver_sql(
        "INSERT INTO approvals (agent, kind, status, commit_id, base, description, requested_by, created_at, notes,"
        ' "key", content, config, taken, revives, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)'
        f" RETURNING {approvals.COLUMNS}",
        (
            wanted.agent,
            wanted.kind,
            ApprovalStatus.PENDING,
            proposal.commit,
            proposal.base,
            wanted.description,
            wanted.requested_by,
            microseconds(now),
            json.dumps(proposal.notes),
            wanted.key,
            wanted.content,
            proposal.config.model_dump_json(),
            proposal.taken,
            wanted.revives,
        ),
    ).one()
    return approvals.stored(row).approval


def _check_commit_is_new(connection: Connection, agent: str, commit: str) -> None:
    row = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND commit_id = ? AND resolved_at IS NULL", (agent, commit)
    ).first()
    if row is not None:
        text = f"approval #{row.id} is for the same commit and has not ended"
        raise Refusal(ErrorCode.NOTHING_NEW, text, approval=int(row.id))


def _check_room(connection: Connection, wanted: Wanted, proposal: Proposal) -> None:
    used = connection.exec_driver_sql(
        "SELECT coalesce(sum(length(CAST(description AS BLOB)) + length(CAST(notes AS BLOB)) + 1000), 0)"
        " FROM approvals WHERE resolved_at IS NULL"
    ).scalar_one()
    if used + len(wanted.description.encode()) + len(json.dumps(proposal.notes)) > OPEN_BYTES:
        text = "too many approvals wait for the operator; ask again when some are decided"
        raise Refusal(ErrorCode.SLOW_DOWN, text, retry_after_seconds=60)
