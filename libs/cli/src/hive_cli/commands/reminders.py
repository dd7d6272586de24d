"""Reminders: set, list. `hive cancel reminder ID` cancels one."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hive_cli.output import clock, emit, one_line, say, table

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.broker import ReminderList


def remind(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="The text; `-` reads it from stdin.")],
    after: Annotated[str | None, typer.Option("--in", help="After so long: 90s, 10m, 1h30m, 2d.")] = None,
    at: Annotated[str | None, typer.Option(help="At this moment, ISO 8601; without a zone it is local time.")] = None,
    file: Annotated[str | None, typer.Option(help="Where to write a long text; only agents have a folder.")] = None,
    key: Annotated[str | None, typer.Option(help="The same key again sets nothing new.")] = None,
) -> None:
    """Set a reminder: the text comes to the operator's inbox when it is due."""
    import secrets

    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.durations import moment_of, seconds_of
    from hive_cli.session import call

    asked = request(
        broker.RemindRequest,
        message=sys.stdin.read() if message == "-" else message,
        in_seconds=None if after is None else seconds_of(after),
        at=None if at is None else moment_of(at),
        file_path=file,
        key=key or secrets.token_hex(16),
    )
    reminder = call(context.obj, broker.REMIND, asked)
    if context.obj.json:
        emit(reminder)
    else:
        say(f"#{reminder.id} due {clock(reminder.due)}")


def reminders(
    context: typer.Context,
    owner: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
) -> None:
    """Reminders of the whole swarm that have not fired, with those whose delivery failed."""
    from hive_cli.session import converse

    found = converse(context.obj, lambda bus: _open(bus, owner))
    if context.obj.json:
        emit(found)
        return
    rows = (
        (f"#{r.id}", r.owner, clock(r.due), r.state, one_line(r.message, 60), r.file_path, one_line(r.error or "", 60),
         clock(r.next_attempt))
        for r in found.reminders
    )  # fmt: skip
    columns = ("id", "owner", "due", "state", "message", "file", "error", "next attempt")
    table(columns, rows, empty="no open reminders")


async def _open(bus: "Bus", owner: str | None) -> "ReminderList":
    """All pages of open reminders in one list."""
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask

    page = await ask(bus, broker.REMINDERS, request(broker.RemindersRequest, owner=owner, limit=1000))
    found = list(page.reminders)
    while page.more and page.reminders:
        asked = request(broker.RemindersRequest, owner=owner, limit=1000, after=page.reminders[-1].id)
        page = await ask(bus, broker.REMINDERS, asked)
        found += page.reminders
    return page.model_copy(update={"reminders": found})
