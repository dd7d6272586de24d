"""Lists of approvals: those that are open, and those that are resolved, page by page."""

from collections.abc import Iterable

from hive_wire import approvals as wire
from hive_wire.broker import PAGE_BYTES
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

from hive_approvals.approvals import COLUMNS, view
from hive_approvals.rows import AnyRow, decode_all


def open_ones(connection: Connection) -> tuple[list[wire.Approval], list[wire.BrokenRow]]:
    """Approvals that wait or are under way, oldest first."""
    rows = connection.exec_driver_sql(f"SELECT {COLUMNS} FROM approvals WHERE resolved_at IS NULL ORDER BY id")
    return decode_all(rows, "approvals", view)


def resolved(connection: Connection) -> int:
    """How many are resolved."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM approvals WHERE resolved_at IS NOT NULL").scalar_one())


def page(connection: Connection, request: wire.HistoryRequest) -> wire.ApprovalList:
    """Resolved approvals, the last one first. Refuses `bad_request` for a `before` that no page gave."""
    after, values = "", ()
    if request.before is not None:
        after, values = " AND (resolved_at, id) < (?, ?)", _parse(request.before)
    rows = connection.exec_driver_sql(
        f"SELECT {COLUMNS} FROM approvals WHERE resolved_at IS NOT NULL{after}"
        " ORDER BY resolved_at DESC, id DESC LIMIT ?",
        (*values, request.limit + 1),
    ).all()
    return _fitting(rows[: request.limit], more=len(rows) > request.limit, total=resolved(connection))


def _fitting(rows: Iterable[AnyRow], *, more: bool, total: int) -> wire.ApprovalList:
    """As many as a reply can hold."""
    found: list[wire.Approval] = []
    broken: list[wire.BrokenRow] = []
    size, last = 0, None
    for row in rows:
        good, bad = decode_all([row], "approvals", view)
        size += sum(len(approval.model_dump_json().encode()) for approval in good)
        if size > PAGE_BYTES and last is not None:
            more = True
            break
        found += good
        broken += bad
        last = row
    before = f"{last.resolved_at}.{last.id}" if more and last is not None else None
    return wire.ApprovalList(approvals=found, broken=broken, more=more, before=before, total=total)


def _parse(before: str) -> tuple[int, int]:
    at, _, number = before.partition(".")
    if not (at.isascii() and at.isdigit() and number.isascii() and number.isdigit()):
        raise Refusal(ErrorCode.BAD_REQUEST, "before: must be what the page before gave")
    return int(at), int(number)
