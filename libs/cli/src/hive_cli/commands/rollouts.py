"""Rebuilding several agents one after another: update-all, inputs [list], inputs update."""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hive_cli.commands.agents import BUILD_SECONDS, LongTimeout
from hive_cli.listing import ListingGroup
from hive_cli.output import clean, emit, one_line, say, table

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.rollouts import Rollout

Wait = Annotated[
    bool, typer.Option("--wait", help="Show each agent's progress, until the end; exits with 1 when any failed.")
]
SWARM_INPUT = "hyperhive"

inputs = typer.Typer(cls=ListingGroup, help="The inputs of the swarm's flake; without a word: list.")


def update_all(context: typer.Context, wait: Wait = False, timeout: LongTimeout = BUILD_SECONDS) -> None:
    """Rebuild every agent that runs with something older than what is installed, one after another."""
    from hive_wire import rollouts
    from hive_wire.model import Empty

    from hive_cli.session import ask

    _roll_out(context, lambda bus: ask(bus, rollouts.UPDATE_ALL, Empty()), timeout if wait else None)


@inputs.command("list")
def list_inputs(context: typer.Context) -> None:
    """The inputs of the swarm's flake as its lock file has them."""
    from hive_wire import rollouts
    from hive_wire.model import Empty

    from hive_cli.durations import span
    from hive_cli.session import call

    found = call(context.obj, rollouts.INPUTS, Empty())
    if context.obj.json:
        emit(found)
        return
    now = datetime.now(UTC)
    rows = (
        (i.name, i.revision or "not locked", span((now - i.changed_at).total_seconds()) if i.changed_at else "", i.url)
        for i in found.inputs
    )
    table(("input", "revision", "age", "source"), rows, empty="no inputs")
    if found.commit is not None:
        say(f"locked by commit {found.commit[:12]}")
    if found.error is not None:
        say(f"the lock file can't be read: {one_line(found.error, 300)}")


@inputs.command("update")
def update_inputs(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="`hyperhive` or `agent-<name>`, as listed.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask on a terminal.")] = False,
    wait: Wait = False,
    timeout: LongTimeout = BUILD_SECONDS,
) -> None:
    """Lock inputs anew and rebuild whom they concern: `hyperhive` every agent, `agent-<name>` that one."""
    from hive_wire import rollouts

    from hive_cli.arguments import request
    from hive_cli.session import ask

    asked = request(rollouts.InputsUpdate, names=names)
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Update {', '.join(names)} and rebuild {concerned(names)}?", abort=True, err=True)
    _roll_out(context, lambda bus: ask(bus, rollouts.UPDATE_INPUTS, asked), timeout if wait else None)


def concerned(names: list[str]) -> str:
    """Who is rebuilt when these inputs are updated, in words."""
    return "every agent" if SWARM_INPUT in names else ", ".join(name.removeprefix("agent-") for name in names)


def _roll_out(context: typer.Context, begin: "Callable[[Bus], Awaitable[Rollout]]", wait: float | None) -> None:
    from hive_cli.rollouts import Following, Progress, check
    from hive_cli.session import converse

    progress = Progress(lambda line: None if context.obj.json else say(clean(line)))

    async def talk(bus: "Bus") -> "Rollout":
        following = Following(bus)
        if wait is None:
            return await begin(bus)
        await following.begin()
        return await following.to_the_end(await begin(bus), progress.told, wait)

    rollout = converse(context.obj, talk)
    if context.obj.json:
        check(rollout)
        emit(rollout)
        return
    say(_summary(rollout))
    check(rollout)


def _summary(rollout: "Rollout") -> str:
    if not rollout.agents and not rollout.inputs:
        return "every agent has what is installed"
    if rollout.ended_at is None:
        waiting = ", ".join(agent.name for agent in rollout.agents) or "no agent"
        return f"rollout #{rollout.id}: rebuilds {waiting}; hive builds shows what comes of it"
    counts: dict[str, int] = {}
    for agent in rollout.agents:
        counts[agent.state] = counts.get(agent.state, 0) + 1
    parts = [f"{count} {state}" for state, count in counts.items()] or ["no agent concerned"]
    lock = f", locked by commit {rollout.commit[:12]}" if rollout.commit else ", the lock had the newest already"
    lock = lock if rollout.inputs and rollout.error is None else ""
    return f"rollout #{rollout.id} ended: {', '.join(parts)}{lock}"
