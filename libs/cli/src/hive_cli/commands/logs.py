"""Logs: what an agent's container printed, and the swarm's own processes."""

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hive_cli.output import clean, emit, say
from hive_cli.problems import Exit, Problem

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from hive_wire.lifecycle import LogsReply

WAIT_SECONDS = 10.0
NEXT_LINES = 5000


class Unit(StrEnum):
    """Whose lines: the harness's, or those of everything in the agent's container."""

    HARNESS = "harness"
    MACHINE = "machine"


def logs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An agent or a service.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=5000, help="How many, the last ones.")] = 200,
    unit: Annotated[Unit, typer.Option(help="An agent's harness, or everything in its container.")] = Unit.HARNESS,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what it prints from now on.")] = False,
    process: Annotated[
        bool, typer.Option("--process", help="`nats`, `demo` or `supervisor`, which agents may be called too.")
    ] = False,
) -> None:
    """The last lines that an agent's container printed, also a stopped or crashed one's, or a service's log.

    With --follow and --json each line is a JSON string.
    """
    from hive_wire.names import SERVICES

    from hive_cli.log_files import tail
    from hive_cli.session import converse, swarm_of

    if process or name in SERVICES:
        swarm = swarm_of(context.obj)
        if follow:
            raise Problem(f"--follow is for agents; `tail -F {swarm.log(name)}` follows this log", "usage", Exit.USAGE)
        found = tail(swarm, name, lines)
        emit(found) if context.obj.json else _say(found["lines"])
        return
    if follow:
        show: Callable[[str], None] = (lambda line: emit(line, compact=True)) if context.obj.json else _say_line
        try:
            converse(context.obj, lambda bus: _follow(bus, name, unit, lines, show))
        except KeyboardInterrupt:
            return
    reply, apart = converse(context.obj, lambda bus: _once(bus, name, unit, lines))
    if context.obj.json:
        emit(reply)
        return
    _say(reply.lines)
    if not apart:
        sys.stderr.write("this runtime keeps one log for the harness and the machine\n")


async def _once(bus: "Bus", name: str, unit: Unit, lines: int) -> "tuple[LogsReply, bool]":
    """A page, and whether its unit has a log of its own."""
    from hive_wire import lifecycle
    from hive_wire.model import Empty

    from hive_cli.session import ask

    page = await _page(bus, name, unit, lines)
    if unit is Unit.HARNESS:
        return page, True
    return page, (await ask(bus, lifecycle.LIST, Empty())).capabilities.separate_units


async def _page(bus: "Bus", name: str, unit: Unit, lines: int) -> "LogsReply":
    """The last lines."""
    from hive_wire import lifecycle

    from hive_cli.arguments import request
    from hive_cli.session import ask

    return await ask(bus, lifecycle.LOGS, request(lifecycle.LogsRequest, name=name, unit=unit.value, lines=lines))


async def _follow(bus: "Bus", name: str, unit: Unit, lines: int, show: Callable[[str], None]) -> None:
    from hive_wire import lifecycle

    from hive_cli.session import go_on_asking

    page = await _page(bus, name, unit, lines)
    while True:
        for line in page.lines:
            show(line)
        asked = lifecycle.LogsRequest(
            name=name, unit=lifecycle.LogUnit(unit.value), lines=NEXT_LINES, after=page.cursor or None,
            wait_seconds=WAIT_SECONDS,
        )  # fmt: skip
        page = await go_on_asking(bus, lifecycle.LOGS, asked, timeout=WAIT_SECONDS + 5)


def _say(lines: list[str]) -> None:
    for line in lines:
        _say_line(line)


def _say_line(line: str) -> None:
    say(clean(line))
