"""The swarm as a whole: set up, up, demo, down, open, status."""

from typing import Annotated

import typer

from hive_cli.invocation import Invocation
from hive_cli.output import emit, one_line, say, table

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the page; recorded for the next time.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return when all is ready; `hive down` stops it.")]
Unsafe = Annotated[
    bool, typer.Option("--unsafe-no-sandbox", help="Run agents as plain processes that can read your files.")
]
AnyPorts = Annotated[bool, typer.Option("--any-ports", hidden=True, help="A new swarm takes free ports at random.")]


def up(
    context: typer.Context,
    port: Port = None,
    detach: Detach = False,
    unsafe: Unsafe = False,
    any_ports: AnyPorts = False,
) -> None:
    """Set up what is missing, start everything, print the address to open when all is ready."""
    _up(context.obj, port, detach=detach, unsafe=unsafe, demo=False, any_ports=any_ports)


def demo(
    context: typer.Context,
    port: Port = None,
    detach: Detach = False,
    unsafe: Unsafe = False,
    any_ports: AnyPorts = False,
) -> None:
    """The same with a scripted model, and two agents, scout and scribe, that talk to each other."""
    _up(context.obj, port, detach=detach, unsafe=unsafe, demo=True, any_ports=any_ports)


def down(context: typer.Context) -> None:
    """Stop everything, agents too; the next `up` starts the agents that ran."""
    from hive_cli.session import swarm_of
    from hive_cli.supervisor.down import down as stop

    was_running = stop(swarm_of(context.obj))
    if context.obj.json:
        emit({"was_running": was_running})
    else:
        say("stopped" if was_running else "nothing was running")


def setup(context: typer.Context, port: Port = None, any_ports: AnyPorts = False) -> None:
    """Make or repair the state folder without starting anything; safe to repeat."""
    from hive_cli.setup import Wishes, prepare

    swarm = prepare(context.obj.state, Wishes(dashboard_port=port, any_ports=any_ports))
    if context.obj.json:
        emit({"state": str(swarm.state), "nats_url": swarm.nats_url, "dashboard_url": swarm.dashboard_url})
    else:
        say(f"{swarm.state} is complete; `hive up` starts the swarm")


def open_page(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser", help="Open it in the default browser too.")] = False,
) -> None:
    """Print an address that logs one browser in, once, within ten minutes."""
    from hive_kit.bus import Bus
    from hive_wire import dashboard
    from hive_wire.model import Empty

    from hive_cli.session import ask, converse

    async def talk(bus: Bus) -> dashboard.LoginCode:
        return await ask(bus, dashboard.MAKE_LOGIN_CODE, Empty())

    code = converse(context.obj, talk)
    if context.obj.json:
        emit(code)
    else:
        say(code.address)
    if browser:
        import webbrowser

        webbrowser.open(code.address)


def status(context: typer.Context) -> None:
    """Which services answer, and how the agents are."""
    from hive_cli.commands.agents import agents_table
    from hive_cli.overview import look
    from hive_cli.session import converse, swarm_of

    swarm = swarm_of(context.obj)
    found = converse(context.obj, look)
    seen = found.model_copy(update={"state": str(swarm.state), "dashboard_url": swarm.dashboard_url})
    if context.obj.json:
        emit(seen)
        return
    say(f"{seen.state}  {seen.dashboard_url}")
    rows = ((row.name, "yes" if row.up else "no", row.version) for row in seen.services)
    table(("service", "answers", "version"), rows, empty="")
    agents_table(seen.agents)
    if seen.capabilities is not None:
        say(f"runtime {seen.capabilities.runtime}")
        for note in seen.capabilities.notes:
            say(f"  {one_line(note, 300)}")


def _up(invocation: Invocation, port: int | None, *, detach: bool, unsafe: bool, demo: bool, any_ports: bool) -> None:
    from hive_cli.supervisor.up import Options, run, run_detached

    options = Options(str(invocation.state), port, unsafe, demo, any_ports)

    def announce(address: str) -> None:
        if invocation.json:
            emit({"address": address, "state": str(invocation.state)}, compact=True)
        else:
            say(address)

    if detach:
        announce(run_detached(options))
    else:
        run(options, announce)
