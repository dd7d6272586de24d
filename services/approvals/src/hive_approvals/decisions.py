"""What an approval's row goes through: decided, built, resolved; each with its event, in the caller's transaction.

That what was shown still holds is checked before, under the agent's lock. Refs follow in `carrying_out`.
"""

from datetime import datetime

from hive_kit.outbox import emit
from hive_kit.times import microseconds
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import DeployProgress
from hive_wire.model import iso
from sqlalchemy import Connection

from hive_approvals import approvals, drafts
from hive_approvals.approvals import Stored

NOTE_CHARACTERS = 32_768
"""A longer error is cut in the note; the tag `failed/<id>` has all of it."""


def check_pending(stored: Stored) -> None:
    """Refuse `already_decided`, or `stale_base` where it was superseded."""
    now = stored.approval
    if now.status is ApprovalStatus.PENDING:
        return
    facts = {"status": str(now.status), "note": now.note, "decided_by": now.decided_by, "decided_at": None}
    if now.decided_at is None or now.decided_by is None:
        superseded = now.status is ApprovalStatus.SUPERSEDED
        code = ErrorCode.STALE_BASE if superseded else ErrorCode.ALREADY_DECIDED
        raise Refusal(code, f"approval #{now.id} is {now.status}: {now.note or 'nothing waits'}", **facts)
    verdict = "denied" if now.status is ApprovalStatus.DENIED else "approved"
    text = f"approval #{now.id} was {verdict} by {now.decided_by} at {iso(now.decided_at)}"
    if verdict == "approved" and now.status is not ApprovalStatus.APPROVED:
        text += f" and is {now.status}"
    raise Refusal(ErrorCode.ALREADY_DECIDED, text, **(facts | {"decision": verdict, "decided_at": iso(now.decided_at)}))


def check_nothing_in_flight(connection: Connection, agent: str) -> None:
    """Refuse `deploy_in_flight`."""
    other = approvals.in_flight(connection, agent)
    if other is not None:
        text = f"approval #{other} of {agent!r} is being carried out; decide when that has ended"
        raise Refusal(ErrorCode.DEPLOY_IN_FLIGHT, text, approval=other)


def approve(connection: Connection, number: int, by: str, base: str | None, now: datetime) -> wire.Approval:
    """The operator approves. Refuses `already_decided`, `stale_base`, `deploy_in_flight`."""
    stored = approvals.get(connection, number)
    check_pending(stored)
    check_nothing_in_flight(connection, stored.approval.agent)
    approval = approvals.change(
        connection,
        number,
        status=ApprovalStatus.APPROVED,
        base=base,
        decided_by=by,
        decided_at=microseconds(now),
    )
    emit(connection, wire.DECIDED, wire.ApprovalChanged(approval=approval))
    return approval


def deny(
    connection: Connection, number: int, by: str, base: str | None, reason: str | None, now: datetime
) -> wire.Approval:
    """The operator denies. Refuses `already_decided`, `stale_base`."""
    check_pending(approvals.get(connection, number))
    at = microseconds(now)
    approval = approvals.change(
        connection,
        number,
        status=ApprovalStatus.DENIED,
        base=base,
        decided_by=by,
        decided_at=at,
        resolved_at=at,
        note=reason,
    )
    emit(connection, wire.DECIDED, wire.ApprovalChanged(approval=approval))
    _tell_resolved(connection, approval)
    return approval


def release(connection: Connection, number: int, branch: str) -> None:
    """Tell lifecycle to carry it out, once."""
    now = approvals.get(connection, number)
    if now.approval.status is not ApprovalStatus.APPROVED or now.released:
        return
    approval = approvals.change(connection, now.approval.id, settled=True, released=1)
    emit(connection, wire.APPROVED, wire.Approved(approval=approval, config=now.config, branch=branch))


def release_again(connection: Connection, since: datetime) -> int:
    """Tell lifecycle again of what it should have ended and of which nothing was heard since then.

    The event may have gone with the stream's files, or grown too old; lifecycle knows what it has done already.
    """
    rows = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE status IN ('approved', 'building') AND released AND outcome IS NULL"
        " AND coalesce(building_at, decided_at) < ?",
        (microseconds(since),),
    )
    numbers = [int(number) for number in rows.scalars()]
    for number in numbers:
        now = approvals.get(connection, number)
        branch = f"build/{number}"
        emit(connection, wire.APPROVED, wire.Approved(approval=now.approval, config=now.config, branch=branch))
    return len(numbers)


def started(connection: Connection, progress: DeployProgress, now: datetime) -> None:
    """Lifecycle has begun."""
    stored = _under_way(connection, progress)
    if stored is None or stored.approval.status is not ApprovalStatus.APPROVED:
        return
    approval = approvals.change(
        connection, progress.approval, status=ApprovalStatus.BUILDING, building_at=microseconds(now)
    )
    emit(connection, wire.BUILDING, wire.ApprovalChanged(approval=approval))


def finished(connection: Connection, progress: DeployProgress) -> None:
    """Lifecycle has ended; the approval is resolved when the refs say so too."""
    stored = _under_way(connection, progress)
    if stored is None or stored.outcome is not None:
        return
    approvals.change(connection, progress.approval, outcome=progress.model_dump_json())


def deployed(connection: Connection, number: int, notes: list[str], now: datetime) -> None:
    """`applied/main` is at its commit. Others of the agent are looked at anew."""
    approval = _resolve(connection, number, ApprovalStatus.DEPLOYED, None, now, notes)
    if approval.kind is ApprovalKind.SPAWN:
        drafts.removed(connection, approval.agent)
    for other in approvals.pending_of(connection, approval.agent):
        approvals.change(connection, other)


def failed(connection: Connection, number: int, error: str, notes: list[str], now: datetime) -> None:
    """It could not be deployed. What was to be an agent is a draft from now on, so that it can be mended; what was to
    be revived is a tombstone again."""
    text = error
    if len(error) > NOTE_CHARACTERS:
        text = f"{error[:NOTE_CHARACTERS]}\n… (cut here; the tag failed/{number} has all of it)"
    stored = approvals.get(connection, number)
    name = stored.approval.agent
    if stored.approval.revives:
        text += f"\n\nWhat is kept of {name!r} is as it was; it can be revived again."
    elif stored.approval.kind is ApprovalKind.SPAWN and stored.taken:
        text += (
            f"\n\nThe draft {name!r} is open: mend its configuration in the proposed repository, commit, "
            f"and ask again with request_spawn_commit."
        )
        if drafts.find(connection, name) is None:
            drafts.begin(connection, name, stored.approval.requested_by, None, now)
    _resolve(connection, number, ApprovalStatus.FAILED, text, now, notes)


def supersede(connection: Connection, number: int, why: str, now: datetime) -> wire.Approval | None:
    """It can't be approved any more; None where it no longer waits."""
    stored = approvals.get(connection, number)
    if stored.approval.status is not ApprovalStatus.PENDING:
        return None
    return _resolve(connection, number, ApprovalStatus.SUPERSEDED, why, now, [], settled=False)


def supersede_all(connection: Connection, agent: str, kind: ApprovalKind | None, why: str, now: datetime) -> None:
    """As `supersede`, for all of an agent that wait."""
    for number in approvals.pending_of(connection, agent):
        if kind in (None, approvals.get(connection, number).approval.kind):
            supersede(connection, number, why, now)


def rebase_note(base: str) -> str:
    """Why a proposal is superseded, and what to do."""
    return (
        f"{base[:12]} was deployed meanwhile and the proposal does not descend from it; "
        "rebase it onto that commit and ask again"
    )


def _resolve(
    connection: Connection,
    number: int,
    status: ApprovalStatus,
    note: str | None,
    now: datetime,
    notes: list[str],
    *,
    settled: bool = True,
) -> wire.Approval:
    approval = approvals.change(
        connection, number, settled=settled, status=status, note=note, resolved_at=microseconds(now)
    )
    if notes:
        approval = approvals.add_notes(connection, approval, notes, settled=settled)
    _tell_resolved(connection, approval)
    return approval


def _tell_resolved(connection: Connection, approval: wire.Approval) -> None:
    emit(connection, wire.RESOLVED, wire.ApprovalChanged(approval=approval))
    if approval.kind is ApprovalKind.SPAWN:
        drafts.tell(connection, approval.agent)


def _under_way(connection: Connection, progress: DeployProgress) -> Stored | None:
    try:
        stored = approvals.get(connection, progress.approval)
    except Refusal as refusal:
        if refusal.code is ErrorCode.NOT_FOUND:
            return None
        raise
    known = stored.released and stored.approval.status in approvals.IN_FLIGHT
    return stored if known and stored.approval.agent == progress.agent else None
