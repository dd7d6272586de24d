"""Agents: list, spawn, start, stop, kill, restart, update, destroy, logs, secrets."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hive_cli.output import clean, emit, say, table

if TYPE_CHECKING:
    from hive_wire.lifecycle import Accepted, AgentName
    from hive_wire.verb import Verb

    from hive_cli.overview import AgentRow

Name = Annotated[str, typer.Argument(help="The agent's name.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the end of the action; a failed one exits with 1.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="How long --wait waits, seconds.")]
WAIT_SECONDS = 60.0


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


def logs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An agent or a service.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=5000, help="How many, the last ones.")] = 200,
    process: Annotated[
        bool, typer.Option("--process", help="`nats`, `demo` or `supervisor`, which agents may be called too.")
    ] = False,
) -> None:
    """The last lines that an agent's container printed, or a service's log."""
    from hive_wire.names import SERVICES

    from hive_cli.log_files import tail
    from hive_cli.session import swarm_of

    own = process or name in SERVICES
    reply = tail(swarm_of(context.obj), name, lines) if own else _agent_logs(context, name, lines)
    if context.obj.json:
        emit(reply)
        return
    for line in reply["lines"]:
        say(clean(line))


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
        (a.name, a.transient or a.container, a.status.state if a.status else "", a.port, a.restarts, a.error)
        for a in agents
    )
    table(("agent", "container", "loop", "port", "restarts", "error"), rows, empty="no agents")


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


def _agent_logs(context: typer.Context, name: str, lines: int) -> dict[str, Any]:  # Any: the wire's LogsReply as JSON
    from hive_wire import lifecycle

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    asked = request(lifecycle.LogsRequest, name=name, lines=lines)
    return converse(context.obj, lambda bus: ask(bus, lifecycle.LOGS, asked)).model_dump(mode="json")


def _secret_value(name: str, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, err=True)).strip()
    return sys.stdin.read().strip()
