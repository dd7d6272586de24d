"""Approvals as rows: reading them, changing them. Each change counts up the row's version.

A row whose `settled` lags behind its `version` still needs something outside the database; `carrying_out` does it.
Who may change what is decided elsewhere.
"""

import json
from dataclasses import dataclass

from hive_kit.times import moment
from hive_wire import approvals as wire
from hive_wire.agent_config import AgentConfig
from hive_wire.approvals import ApprovalKind, ApprovalStatus
from hive_wire.errors import ErrorBody, ErrorCode, Refusal
from hive_wire.lifecycle import DeployProgress
from sqlalchemy import Connection

from hive_approvals.rows import UNREADABLE, AnyRow, broken_row

COLUMNS = (
    "id, agent, kind, status, commit_id, base, description, requested_by, created_at, notes, decided_by, decided_at,"
    " building_at, resolved_at, note, content, config, taken, refusal, released, outcome, version, revives"
)
IN_FLIGHT = (ApprovalStatus.APPROVED, ApprovalStatus.BUILDING)
_PLAIN = ("id", "agent", "kind", "status", "base", "description", "requested_by", "decided_by", "note")
_TIMES = ("decided_at", "building_at", "resolved_at")


@dataclass(frozen=True)
class Stored:
    """An approval with what only this service needs of it."""

    approval: wire.Approval
    content: str | None
    """The digest of what was asked for, to know a repeated request by."""
    config: AgentConfig
    taken: bool
    """Its commit is in the applied repository."""
    refusal: ErrorBody | None
    """Why its content was refused when it was submitted."""
    released: bool
    """Lifecycle was told to carry it out."""
    outcome: DeployProgress | None
    """What lifecycle said at the end."""
    version: int


def view(row: AnyRow) -> wire.Approval:
    """A row selected with COLUMNS. Raises one of UNREADABLE."""
    return wire.Approval.model_validate(
        {name: getattr(row, name) for name in _PLAIN}
        | {name: None if (at := getattr(row, name)) is None else moment(at) for name in _TIMES}
        | {"commit": row.commit_id, "requested_at": moment(row.created_at), "notes": json.loads(row.notes)}
        | {"revives": bool(row.revives)}
    )


def stored(row: AnyRow) -> Stored:
    """A row selected with COLUMNS. Refuses `storage_failed` where it can't be read."""
    try:
        return Stored(
            approval=view(row),
            content=row.content,
            config=AgentConfig() if row.config is None else AgentConfig.model_validate_json(row.config),
            taken=bool(row.taken),
            refusal=None if row.refusal is None else ErrorBody.model_validate_json(row.refusal),
            released=bool(row.released),
            outcome=None if row.outcome is None else DeployProgress.model_validate_json(row.outcome),
            version=row.version,
        )
    except UNREADABLE as error:
        broken_row("approvals", row.id, error)
        text = f"approval #{row.id} can't be read: its row is damaged"
        raise Refusal(ErrorCode.STORAGE_FAILED, text, id=row.id) from error


def get(connection: Connection, number: int) -> Stored:
    """One approval. Refuses `not_found`."""
    row = connection.exec_driver_sql(f"SELECT {COLUMNS} FROM approvals WHERE id = ?", (number,)).one_or_none()
    if row is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no approval #{number}", id=number)
    return stored(row)


def change(connection: Connection, number: int, *, settled: bool = False, **values: object) -> wire.Approval:
    """Set columns. `settled`: nothing outside the database has to follow from it."""
    columns = "".join(f"{name} = ?, " for name in values)
    also = ", settled = version + 1" if settled else ""
    row = connection.exec_driver_sql(
        f"UPDATE approvals SET {columns}version = version + 1{also} WHERE id = ? RETURNING {COLUMNS}",
        (*values.values(), number),
    ).one()
    return stored(row).approval


def add_notes(connection: Connection, approval: wire.Approval, notes: list[str], *, settled: bool) -> wire.Approval:
    """Append what the operator should know, unless it is said already."""
    said = [*approval.notes, *(note for note in notes if note not in approval.notes)]
    return change(connection, approval.id, settled=settled, notes=json.dumps(said))


def settle(connection: Connection, number: int, version: int) -> None:
    """What that version needed outside the database is done."""
    connection.exec_driver_sql(
        "UPDATE approvals SET settled = ? WHERE id = ? AND version = ?", (version, number, version)
    )


def unsettled(connection: Connection) -> list[int]:
    """Approvals that still need something, oldest first."""
    rows = connection.exec_driver_sql("SELECT id FROM approvals WHERE settled < version ORDER BY id")
    return [int(row.id) for row in rows]


def in_flight(connection: Connection, agent: str) -> int | None:
    """The approval that is being carried out on an agent."""
    row = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND resolved_at IS NULL AND status IN (?, ?)", (agent, *IN_FLIGHT)
    ).first()
    return None if row is None else int(row.id)


def open_spawn(connection: Connection, agent: str) -> int | None:
    """The approval that would make an agent of that name: waiting or under way."""
    row = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND resolved_at IS NULL AND kind = ?", (agent, ApprovalKind.SPAWN)
    ).first()
    return None if row is None else int(row.id)


def pending_of(connection: Connection, agent: str) -> list[int]:
    """The approvals of an agent that wait for the operator."""
    rows = connection.exec_driver_sql(
        "SELECT id FROM approvals WHERE agent = ? AND resolved_at IS NULL AND status = ? ORDER BY id",
        (agent, ApprovalStatus.PENDING),
    )
    return [int(row.id) for row in rows]
