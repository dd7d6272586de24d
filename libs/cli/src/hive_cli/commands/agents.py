"""Agents: list, spawn, start, stop, kill, restart, update, rebuild, destroy, secrets."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hive_cli.output import clean, emit, say, table

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.lifecycle import Accepted, AgentName
    from hive_wire.verb import Verb

    from hive_cli.overview import AgentRow

Name = Annotated[str, typer.Argument(help="The agent's name.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end of the action; a failed one exits with 1.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="How long --wait waits, seconds.")]
Watch = Annotated[bool, typer.Option("--wait", help="Show what it prints, until its end; a failed one exits with 1.")]
LongTimeout = Annotated[float, typer.Option("--timeout", min=0.1, help="How long --wait waits, seconds.")]
WAIT_SECONDS = 60.0
BUILD_SECONDS = 3600.0


def list_agents(context: typer.Context) -> None:
    """All agents: what the runtime says of each, and what its loop is doing."""
    from hive_cli.overview import agents
    from hive_cli.session import converse

    seen = converse(context.obj, agents)
    if context.obj.json:
        emit(seen)
    else:
        agents_table(seen.agents)


def spawn(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Make a new agent and start it."""
    from hive_wire import lifecycle

    _act(context, lifecycle.SPAWN, _named(name), timeout if wait else None)


def start(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Start an agent."""
    from hive_wire import lifecycle

    _act(context, lifecycle.START, _named(name), timeout if wait else None)


def stop(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Stop an agent, giving its turn time to end."""
    from hive_wire import lifecycle

    _act(context, lifecycle.STOP, _named(name), timeout if wait else None)


def kill(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Stop an agent at once."""
    from hive_wire import lifecycle

    _act(context, lifecycle.KILL, _named(name), timeout if wait else None)


def restart(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Stop an agent and start it again."""
    from hive_wire import lifecycle

    _act(context, lifecycle.RESTART, _named(name), timeout if wait else None)


def update(context: typer.Context, name: Name, wait: Wait = False, timeout: Timeout = WAIT_SECONDS) -> None:
    """Start an agent anew with its deployed configuration and the installed version, where it lacks either."""
    from hive_wire import lifecycle

    _act(context, lifecycle.UPDATE, _named(name), timeout if wait else None)


def rebuild(context: typer.Context, name: Name, wait: Watch = False, timeout: LongTimeout = BUILD_SECONDS) -> None:
    """Make everything of an agent that lies on the host anew: configuration, mounts, credentials; then start it.

    A stopped agent stays stopped. Enough to recover an agent whose files were damaged or lost.
    """
    from hive_wire import lifecycle

    from hive_cli.builds import Build, watch
    from hive_cli.session import ask, converse

    async def talk(bus: "Bus") -> "Accepted | Build":
        accepted = await ask(bus, lifecycle.REBUILD, _named(name))
        return await watch(bus, accepted.action, show, timeout) if wait else accepted

    def show(text: str) -> None:
        if not context.obj.json:
            say(clean(text))

    done = converse(context.obj, talk)
    if isinstance(done, Build):
        done.check()
    if context.obj.json:
        emit(done)
    else:
        say(f"{name}: rebuild done" if wait else f"{name}: rebuilding; hive builds {name} shows what comes of it")


def destroy(
    context: typer.Context,
    name: Name,
    purge: Annotated[bool, typer.Option("--purge", help="Remove its state and configuration too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask on a terminal.")] = False,
    wait: Wait = False,
    timeout: Timeout = WAIT_SECONDS,
) -> None:
    """Remove an agent and revoke its credentials; its state is kept unless purged."""
    from hive_wire import lifecycle

    from hive_cli.arguments import request

    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Destroy {name}{' with all its state' if purge else ''}?", abort=True, err=True)
    asked = request(lifecycle.DestroyRequest, name=name, purge=purge)
    _act(context, lifecycle.DESTROY, asked, timeout if wait else None)


def set_secret(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="`anthropic-api-key` or `claude-oauth-token`.")],
    agent: Annotated[str | None, typer.Option(help="For this agent only; without it, for all that have none.")] = None,
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Read it from this file.")] = None,
) -> None:
    """Hand a key or token to the swarm or to one agent; asked for, or read from stdin or a file."""
    from hive_kit.bus import Bus
    from hive_wire import lifecycle
    from hive_wire.model import Empty

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    value = _secret_value(name, file)
    asked = request(lifecycle.SecretRequest, name=name, value=value, agent=agent)

    async def talk(bus: Bus) -> Empty:
        return await ask(bus, lifecycle.SET_SECRET, asked)

    converse(context.obj, talk)
    if context.obj.json:
        emit({"name": name, "agent": agent})
    else:
        say(f"{name} is set for {agent or 'every agent that has none of its own'}")


def agents_table(agents: "Iterable[AgentRow]") -> None:
    """One line an agent."""
    rows = (
        (a.name, a.transient or a.container, a.status.state if a.status else "", a.revision,
         "needed" if a.needs_update else "", a.port, a.restarts, a.error)
        for a in agents
    )  # fmt: skip
    table(("agent", "container", "loop", "revision", "update", "port", "restarts", "error"), rows, empty="no agents")


def _named(name: str) -> "AgentName":
    from hive_wire.lifecycle import AgentName

    from hive_cli.arguments import request

    return request(AgentName, name=name)


def _act(context: typer.Context, verb: "Verb[Any, Accepted]", asked: "AgentName", wait: float | None) -> None:
    from hive_cli.actions import perform
    from hive_cli.session import converse

    done = converse(context.obj, lambda bus: perform(bus, verb, asked, wait))
    if context.obj.json:
        emit(done)
    elif wait is None:
        say(f"{asked.name}: {done['agent']['transient'] or done['agent']['container']}")
    else:
        say(f"{asked.name}: {verb.name} done")


def _secret_value(name: str, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, err=True)).strip()
    return sys.stdin.read().strip()
