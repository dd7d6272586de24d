"""Approvals: what waits, its diff, approve, deny, history."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hive_cli.output import clock, complain, emit, one_line, say, table
from hive_cli.problems import Exit, Problem

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.approvals import Approval, BrokenRow, DecideReply, Decision, DecisionItem, DiffPage

    from hive_cli.invocation import Invocation

GLYPHS = {"deployed": "✓", "failed": "✗", "denied": "⊘", "superseded": "↷"}
Id = Annotated[int, typer.Argument(min=1, help="The approval's number.")]
Items = Annotated[list[str], typer.Argument(metavar="ID...", help="Approvals, as `ID` or `ID:HASH`.")]
Hashes = Annotated[
    list[str] | None, typer.Option("--hash", help="The hash that `hive diff` printed; one for each bare ID, in order.")
]


def pending(context: typer.Context) -> None:
    """Approvals that wait for a decision or are being carried out, oldest first."""
    from hive_wire import approvals
    from hive_wire.model import Empty

    from hive_cli.session import call

    found = call(context.obj, approvals.PENDING, Empty())
    if context.obj.json:
        emit(found)
        return
    rows = (
        (f"#{a.id}", a.kind, a.agent, a.status, a.commit[:12], clock(a.requested_at), a.requested_by,
         one_line(a.description, 60))
        for a in found.approvals
    )  # fmt: skip
    table(("id", "kind", "agent", "status", "commit", "asked", "by", "description"), rows, empty="nothing waits")
    say_broken(found.broken)


def diff(
    context: typer.Context,
    number: Id,
    cursor: Annotated[str | None, typer.Option(help="One page only: `next` of the page before, from --json.")] = None,
) -> None:
    """Everything that an approval is about: the whole diff, the notes, and the hash that a decision needs.

    Control and bidirectional characters are spelled out as `<U+202E>`; --json has the text as it is.
    """
    from hive_cli.session import converse

    pages = converse(context.obj, lambda bus: _pages(bus, number, cursor))
    whole = pages[0].model_copy(update={"parts": [p for page in pages for p in page.parts], "next": pages[-1].next})
    if context.obj.json:
        emit(whole)
        return
    _say_request(whole)
    _say_diff(whole)
    _say_hash(whole)


def approve(context: typer.Context, items: Items, hashes: Hashes = None) -> None:
    """Approve exactly what `hive diff` showed; refused where anything of it has changed since."""
    from hive_wire.approvals import Decision

    _decide(context.obj, Decision.APPROVE, _items(items, hashes), None)


def deny(
    context: typer.Context,
    items: Items,
    hashes: Hashes = None,
    reason: Annotated[str | None, typer.Option(help="Why; the manager reads it. `-` reads it from stdin.")] = None,
) -> None:
    """Deny exactly what `hive diff` showed."""
    from hive_wire.approvals import Decision

    _decide(context.obj, Decision.DENY, _items(items, hashes), sys.stdin.read() if reason == "-" else reason)


def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the last resolved ones.")] = 30,
    before: Annotated[str | None, typer.Option(help="Where the next page begins, as the page before said.")] = None,
) -> None:
    """Resolved approvals, the last one first."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    found = call(context.obj, approvals.HISTORY, request(approvals.HistoryRequest, limit=limit, before=before))
    if context.obj.json:
        emit(found)
        return
    rows = (
        (f"{GLYPHS.get(a.status, '')} {a.status}", f"#{a.id}", a.agent, a.kind, a.commit[:12], clock(a.resolved_at),
         one_line(a.note or "", 80))
        for a in found.approvals
    )  # fmt: skip
    table(("status", "id", "agent", "kind", "commit", "resolved", "note"), rows, empty="nothing was resolved yet")
    say_broken(found.broken)
    if found.more:
        say(f"{found.total} in all; older ones: hive history --before {found.before}")


def say_broken(rows: "Iterable[BrokenRow]") -> None:
    """Rows that can't be decoded: shown, never left out."""
    for row in rows:
        say(f"broken row #{row.id} of {row.table}: {one_line(row.error)}")


async def _pages(bus: "Bus", number: int, cursor: str | None) -> "list[DiffPage]":
    """All pages of a diff, or the one at the cursor. Refuses with `changed_since_shown` when it changes meanwhile."""
    from hive_wire import approvals
    from hive_wire.errors import ErrorCode, Refusal

    from hive_cli.arguments import request
    from hive_cli.session import ask

    pages = [await ask(bus, approvals.DIFF, request(approvals.DiffRequest, id=number, cursor=cursor))]
    while cursor is None and (following := pages[-1].next) is not None:
        page = await ask(bus, approvals.DIFF, request(approvals.DiffRequest, id=number, cursor=following))
        if page.hash != pages[0].hash:
            text = f"approval #{number} changed while it was read; run `hive diff {number}` again"
            raise Refusal(ErrorCode.CHANGED_SINCE_SHOWN, text, hash=page.hash)
        pages.append(page)
    return pages


def _say_request(page: "DiffPage") -> None:
    from hive_cli.visible import visible

    a = page.approval
    say(f"#{a.id} {a.kind} {a.agent}: {a.status}")
    say(f"  commit    {a.commit}")
    say(f"  against   {page.base or 'nothing: the agent is new'}")
    say(f"  asked by  {a.requested_by} at {clock(a.requested_at)}")
    for line in a.description.split("\n") if a.description else ():
        say(f"  | {visible(line)}")
    say(f"  {page.files} files, {page.additions} lines added, {page.deletions} removed\n")


def _say_diff(page: "DiffPage") -> None:
    from hive_cli.visible import coloured_diff, visible

    text = "".join(part.text for part in page.parts)
    if text:
        say((coloured_diff(text) if sys.stdout.isatty() else visible(text)).removesuffix("\n"))


def _say_hash(page: "DiffPage") -> None:
    from hive_cli.visible import visible

    say("")
    for note in page.approval.notes:
        say(f"note: {visible(note)}")
    if page.next is not None:
        say(f"The diff goes on: hive diff {page.approval.id} --cursor {page.next}")
    say(f"hash: {page.hash}")


def _items(items: list[str], hashes: list[str] | None) -> "list[DecisionItem]":
    """Each approval with the hash of what was shown of it. Raises Problem (usage) where one is missing."""
    from hive_wire.approvals import DecisionItem

    from hive_cli.arguments import request

    left = list(hashes or [])
    chosen: list[DecisionItem] = []
    for item in items:
        number, _, seen = item.partition(":")
        if not number.isascii() or not number.isdigit():
            raise Problem(f"{item!r} is no approval's number", "usage", Exit.USAGE)
        if not seen and not left:
            text = f"a decision needs the hash of what was shown: run `hive diff {number}` first, then give its --hash"
            raise Problem(text, "usage", Exit.USAGE)
        chosen.append(request(DecisionItem, id=int(number), hash=seen or left.pop(0)))
    if left:
        raise Problem("there are more hashes than approvals", "usage", Exit.USAGE)
    return chosen


def _decide(invocation: "Invocation", decision: "Decision", items: "list[DecisionItem]", reason: str | None) -> None:
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    asked = request(approvals.DecideRequest, decision=decision, items=items, reason=reason)
    reply = call(invocation, approvals.DECIDE, asked)
    if invocation.json:
        emit(reply)
    else:
        _say_results(reply)
    if not all(result.ok for result in reply.results):
        raise typer.Exit(Exit.FAILED)


def _say_results(reply: "DecideReply") -> None:
    for result in reply.results:
        if result.ok:
            say(f"#{result.id} {_status(result.approval)}")
        else:
            details: dict[str, Any] = {}  # Any: what `complain` takes
            complain(result.code or "failed", f"#{result.id}: {result.message or 'refused'}", details, as_json=False)


def _status(approval: "Approval | None") -> str:
    return "decided" if approval is None else str(approval.status)
