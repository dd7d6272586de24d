"""New agents and configurations: requests for a spawn, drafts, what is deployed."""

import sys
from typing import Annotated

import typer

from hive_cli.output import clock, emit, say, table

Key = Annotated[str | None, typer.Option(help="The same key again asks nothing new.")]


def request_spawn(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The new agent's name.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    key: Key = None,
) -> None:
    """Queue an approval for a new agent, made from the template."""
    import secrets

    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    made = key or secrets.token_hex(16)
    asked = request(approvals.SpawnRequest, name=name, description=description, key=made)
    approval = call(context.obj, approvals.REQUEST_SPAWN, asked)
    if context.obj.json:
        emit(approval)
    else:
        say(f"#{approval.id} {approval.status}; hive diff {approval.id} shows what it is about")


def drafts(context: typer.Context) -> None:
    """Agents to be: their configuration is being written."""
    from hive_wire import approvals
    from hive_wire.model import Empty

    from hive_cli.session import call

    found = call(context.obj, approvals.DRAFTS, Empty())
    if context.obj.json:
        emit(found)
        return
    rows = (
        (d.name, d.requested_by, clock(d.created_at), (d.start_commit or "being made")[:12],
         "" if d.approval is None else f"#{d.approval}")
        for d in found.drafts
    )  # fmt: skip
    table(("draft", "by", "made", "from commit", "approval"), rows, empty="no drafts")


def discard_draft(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The draft's name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask on a terminal.")] = False,
) -> None:
    """Remove a draft, its repository and its state folder."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Discard the draft {name} with everything in it?", abort=True, err=True)
    call(context.obj, approvals.DISCARD_DRAFT, request(approvals.DraftName, name=name))
    if context.obj.json:
        emit({"name": name})
    else:
        say(f"the draft {name} is gone")


def config(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="The agent's name.")],
    path: Annotated[str, typer.Argument(help="A file of its configuration.")] = "agent.nix",
) -> None:
    """A file of what is deployed."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call
    from hive_cli.visible import visible

    found = call(context.obj, approvals.READ_CONFIG, request(approvals.ConfigRequest, agent=agent, path=path))
    if context.obj.json:
        emit(found)
        return
    say(visible(found.text).removesuffix("\n"))
    if found.cut:
        say("(the file goes on)")
