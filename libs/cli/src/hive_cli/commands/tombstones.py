"""What is kept of destroyed agents: tombstones, revive, purge."""

import sys
from typing import Annotated

import typer

from hive_cli.output import clock, emit, say, table
from hive_cli.problems import Exit, Problem

Name = Annotated[str, typer.Argument(help="The destroyed agent's name.")]


def tombstones(context: typer.Context) -> None:
    """What is kept of destroyed agents."""
    from hive_wire import tombstones as wire
    from hive_wire.model import Empty

    from hive_cli.session import call

    found = call(context.obj, wire.TOMBSTONES, Empty())
    if context.obj.json:
        emit(found)
        return
    rows = (
        (t.name, clock(t.destroyed_at), clock(t.changed_at), size(t.size_bytes), "kept" if t.login_kept else "no")
        for t in found.tombstones
    )
    table(("agent", "destroyed", "last change", "size", "Claude login"), rows, empty="nothing is kept")


def revive(
    context: typer.Context,
    name: Name,
    description: Annotated[str, typer.Option(help="Why, for whoever decides.")] = "",
    key: Annotated[str | None, typer.Option(help="The same key again asks nothing new.")] = None,
) -> None:
    """Queue an approval that brings a destroyed agent back with the state and configuration kept of it."""
    import secrets

    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    made = key or secrets.token_hex(16)
    asked = request(approvals.SpawnRequest, name=name, description=description, key=made)
    approval = call(context.obj, approvals.REVIVE, asked)
    if context.obj.json:
        emit(approval)
    else:
        say(f"#{approval.id} {approval.status}; hive diff {approval.id} shows what it is about and how to decide")


def purge(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; needed where nobody can be asked.")] = False,
) -> None:
    """Remove everything that is kept of a destroyed agent: state, login, history and repositories. For good."""
    from hive_wire import tombstones as wire
    from hive_wire.model import AgentName

    from hive_cli.arguments import request
    from hive_cli.session import call

    asked = request(AgentName, name=name)
    if not yes:
        _confirm(name)
    call(context.obj, wire.PURGE_TOMBSTONE, asked)
    if context.obj.json:
        emit({"name": name})
    else:
        say(f"nothing is kept of {name} any more")


def size(count: int) -> str:
    """Bytes in the largest unit in which there is at least one."""
    amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise Problem(f"--yes is needed to remove everything that is kept of {name}", "usage", Exit.USAGE)
    typed = str(typer.prompt(f"Everything kept of {name} will be lost. Type its name", err=True))
    if typed.strip() != name:
        raise Problem(f"that is not {name}; nothing was removed")
