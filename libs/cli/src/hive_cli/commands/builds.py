"""What was done to agents and what it printed: builds [list], builds show."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hive_cli.listing import ListingGroup
from hive_cli.output import clean, clock, emit, one_line, say, table

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.builds import ActionView, OutputLine

    from hive_cli.builds import Build

builds = typer.Typer(cls=ListingGroup, help="What was done to agents, and what it printed; without a word: list.")


@builds.command("list")
def list_builds(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only what was done to this agent.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the last ones.")] = 30,
    before: Annotated[int | None, typer.Option(min=1, help="Only ones with a smaller id.")] = None,
) -> None:
    """What was done to agents, the last first: builds, starts, stops and all else."""
    from hive_wire import builds as wire

    from hive_cli.arguments import request
    from hive_cli.session import call

    found = call(context.obj, wire.ACTIONS, request(wire.ActionsRequest, agent=name, limit=limit, before=before))
    if context.obj.json:
        emit(found)
        return
    now = datetime.now(UTC)
    rows = (
        (f"#{a.id}", a.agent, a.kind, outcome(a), clock(a.begun_at), _took(a, now), a.requested_by, a.lines,
         f"#{a.approval}" if a.approval else "")
        for a in found.actions
    )  # fmt: skip
    columns = ("id", "agent", "kind", "outcome", "begun", "took", "by", "lines", "approval")
    table(columns, rows, empty="nothing was done yet")
    if found.more:
        say(f"older ones: hive builds --before {found.actions[-1].id}")


@builds.command("show")
def show_build(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", min=1, help="The action's number.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until it has ended.")] = False,
) -> None:
    """What an action printed, also while it is under way.

    With --follow and --json one line of output is one line, and the last one is the action. A followed action that
    failed exits with 1.
    """
    from hive_cli.session import converse

    live = follow and context.obj.json

    def show(line: "OutputLine") -> None:
        if live:
            emit(line, compact=True)
        elif not context.obj.json:
            say(clean(line.text))

    try:
        seen = converse(context.obj, lambda bus: _seen(bus, number, show, follow=follow))
    except KeyboardInterrupt:
        return
    if follow:
        seen.check()
    if context.obj.json:
        emit(seen.action if live else seen, compact=live)
    else:
        say(f"#{number} {seen.action.kind} {seen.action.agent}: {outcome(seen.action)}")


def outcome(action: "ActionView") -> str:
    """In a word or a sentence."""
    if action.ended_at is None:
        going = action.step or "waits"
        return f"{going} (being undone: {one_line(action.error, 60)})" if action.error else going
    return "done" if action.error is None else f"failed: {one_line(action.error, 80)}"


async def _seen(bus: "Bus", number: int, show: Callable[["OutputLine"], None], *, follow: bool) -> "Build":
    from hive_cli.builds import follow as follow_to_the_end
    from hive_cli.builds import read

    return await (follow_to_the_end if follow else read)(bus, number, show)


def _took(action: "ActionView", now: datetime) -> str:
    from hive_cli.durations import span

    return span(((action.ended_at or now) - action.begun_at).total_seconds())
