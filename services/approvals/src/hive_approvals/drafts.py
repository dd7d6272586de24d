"""Drafts as rows: agents to be, with a proposed repository and a state folder but no container.

`making` until both are there, `open` while it can be edited, `removing` until both are gone, `removed` for ever.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hive_kit.outbox import emit
from hive_kit.times import microseconds, moment
from hive_wire import approvals as wire
from hive_wire.errors import ErrorBody, ErrorCode, Refusal
from sqlalchemy import Connection

from hive_approvals import approvals
from hive_approvals.rows import UNREADABLE, AnyRow, broken_row, decode_all

_COLUMNS = "id, name, requested_by, created_at, state, start_commit, refusal"


class State(StrEnum):
    """How far a draft is."""

    MAKING = "making"
    OPEN = "open"
    REMOVING = "removing"
    REMOVED = "removed"


@dataclass(frozen=True)
class StoredDraft:
    """A draft's row. `refusal`: why it could not be made."""

    id: int
    name: str
    requested_by: str
    created_at: datetime
    state: State
    start_commit: str | None
    refusal: ErrorBody | None


def find(connection: Connection, name: str) -> StoredDraft | None:
    """The draft that has the name, also while it is being made or removed."""
    row = connection.exec_driver_sql(
        f"SELECT {_COLUMNS} FROM drafts WHERE name = ? AND state != 'removed'", (name,)
    ).one_or_none()
    return None if row is None else _stored(row)


def get(connection: Connection, number: int) -> StoredDraft:
    """A draft's row."""
    return _stored(connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM drafts WHERE id = ?", (number,)).one())


def asked_before(connection: Connection, by: str, request: wire.DraftRequest) -> StoredDraft | None:
    """The draft that the same key made. Refuses another name with `key_reused`."""
    row = connection.exec_driver_sql(
        f'SELECT {_COLUMNS} FROM drafts WHERE requested_by = ? AND "key" = ?', (by, request.key)
    ).one_or_none()
    if row is None:
        return None
    if row.name != request.name:
        text = f"the draft {row.name!r} was asked for with this key"
        raise Refusal(ErrorCode.KEY_REUSED, text, draft=row.name)
    return _stored(row)


def begin(connection: Connection, name: str, by: str, key: str | None, now: datetime) -> StoredDraft:
    """A draft that is to be made; that its name is free was checked."""
    row = connection.exec_driver_sql(
        'INSERT INTO drafts (name, requested_by, "key", created_at, state) VALUES (?, ?, ?, ?, ?)'
        f" RETURNING {_COLUMNS}",
        (name, by, key, microseconds(now), State.MAKING),
    ).one()
    return _stored(row)


def opened(connection: Connection, number: int, start_commit: str) -> None:
    """Its repository and state folder are there, unless it is being removed already."""
    row = connection.exec_driver_sql(
        "UPDATE drafts SET state = ?, start_commit = ? WHERE id = ? AND state = ? RETURNING name",
        (State.OPEN, start_commit, number, State.MAKING),
    ).one_or_none()
    if row is not None:
        tell(connection, row.name)


def refused(connection: Connection, number: int, refusal: Refusal) -> None:
    """It can't be made."""
    connection.exec_driver_sql(
        "UPDATE drafts SET state = ?, refusal = ? WHERE id = ? AND state = ?",
        (State.REMOVED, refusal.body().model_dump_json(), number, State.MAKING),
    )


def check_usable(connection: Connection, name: str) -> StoredDraft:
    """The draft, which must be open and have no approval. Refuses `unknown_draft`, `draft_in_use`."""
    draft = find(connection, name)
    if draft is None or draft.state is not State.OPEN:
        raise Refusal(ErrorCode.UNKNOWN_DRAFT, f"there is no draft of the name {name!r}", name=name)
    waiting = approvals.open_spawn(connection, name)
    if waiting is not None:
        text = f"approval #{waiting} of the draft {name!r} has not ended"
        raise Refusal(ErrorCode.DRAFT_IN_USE, text, approval=waiting)
    return draft


def discard(connection: Connection, name: str) -> int:
    """Begin to remove a draft; returns its id. Refuses `unknown_draft`, `draft_in_use`."""
    draft = find(connection, name)
    if draft is not None and draft.state is State.OPEN:
        check_usable(connection, name)
    elif draft is None:
        raise Refusal(ErrorCode.UNKNOWN_DRAFT, f"there is no draft of the name {name!r}", name=name)
    connection.exec_driver_sql("UPDATE drafts SET state = ? WHERE id = ?", (State.REMOVING, draft.id))
    return draft.id


def removed(connection: Connection, name: str) -> None:
    """The draft is gone: discarded, or an agent now. Nothing happens where there is none."""
    row = connection.exec_driver_sql(
        "UPDATE drafts SET state = ? WHERE name = ? AND state != ? RETURNING id", (State.REMOVED, name, State.REMOVED)
    ).one_or_none()
    if row is not None:
        emit(connection, wire.DRAFT_REMOVED, wire.DraftName(name=name))


def tell(connection: Connection, name: str) -> None:
    """Tell how the draft of that name is now, if there is one."""
    draft = find(connection, name)
    if draft is not None and draft.state is State.OPEN:
        emit(connection, wire.DRAFTED, wire.DraftChanged(draft=view(connection, draft)))


def view(connection: Connection, draft: StoredDraft) -> wire.Draft:
    """A draft as the wire has it."""
    return wire.Draft(
        name=draft.name,
        requested_by=draft.requested_by,
        created_at=draft.created_at,
        start_commit=draft.start_commit,
        approval=approvals.open_spawn(connection, draft.name),
    )


def open_ones(connection: Connection) -> tuple[list[wire.Draft], list[wire.BrokenRow]]:
    """Drafts that can be edited, oldest first."""
    rows = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM drafts WHERE state = 'open' ORDER BY id")
    return decode_all(rows, "drafts", lambda row: view(connection, _decoded(row)))


def unfinished(connection: Connection) -> list[int]:
    """Drafts that are being made or removed."""
    rows = connection.exec_driver_sql("SELECT id FROM drafts WHERE state IN ('making', 'removing') ORDER BY id")
    return [int(row.id) for row in rows]


def _decoded(row: AnyRow) -> StoredDraft:
    return StoredDraft(
        id=row.id,
        name=row.name,
        requested_by=row.requested_by,
        created_at=moment(row.created_at),
        state=State(row.state),
        start_commit=row.start_commit,
        refusal=None if row.refusal is None else ErrorBody.model_validate_json(row.refusal),
    )


def _stored(row: AnyRow) -> StoredDraft:
    try:
        return _decoded(row)
    except UNREADABLE as error:
        broken_row("drafts", row.id, error)
        raise Refusal(ErrorCode.STORAGE_FAILED, f"draft #{row.id} can't be read: its row is damaged") from error
