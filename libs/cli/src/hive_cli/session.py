"""A command's conversation with its swarm: connect as the operator, ask, repeat what may be repeated."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from hive_kit.bus import Bus
from hive_kit.swarm import SwarmConfig
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.verb import Verb

from hive_cli import setup
from hive_cli.connection import operator_bus
from hive_cli.invocation import Invocation
from hive_cli.problems import Exit, Problem

T = TypeVar("T")
R = TypeVar("R", bound=Wire)

# A service that is being started again answers within this time.
PATIENCE_SECONDS = 5.0
FOLLOWING_SECONDS = 60.0
AGAIN_SECONDS = 0.1
PASSING = frozenset({ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.BUSY})


def swarm_of(invocation: Invocation) -> SwarmConfig:
    """Raises Problem where no swarm was set up."""
    swarm = setup.load(invocation.state)
    if swarm is None:
        text = f"no swarm in {invocation.state}; `hive up` makes one, --state or HIVE_STATE names another"
        raise Problem(text, "not_set_up", Exit.UNREACHABLE)
    return swarm


def converse(invocation: Invocation, talk: Callable[[Bus], Awaitable[T]]) -> T:
    """Runs `talk` with the operator's connection. Raises Problem and Refusal."""
    swarm = swarm_of(invocation)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("nats").setLevel(logging.CRITICAL)

    async def connected() -> T:
        async with operator_bus(swarm) as bus:
            return await talk(bus)

    return asyncio.run(connected())


async def ask(bus: Bus, verb: Verb[Any, R], request: Wire, *, agent: str | None = None) -> R:
    """The verb's reply; a verb that is safe to repeat is repeated while its service is being started again."""
    return await _repeated(lambda: bus.call(verb, request, agent=agent), verb, PASSING, PATIENCE_SECONDS)


async def go_on_asking(bus: Bus, verb: Verb[Any, R], request: Wire, *, timeout: float | None = None) -> R:
    """The same for what is followed for long: also over a restart of NATS, and a service killed while it was asked."""
    passing = PASSING | {ErrorCode.TIMEOUT}
    return await _repeated(lambda: bus.call(verb, request, timeout=timeout), verb, passing, FOLLOWING_SECONDS)


async def _repeated(
    talk: Callable[[], Awaitable[R]], verb: Verb[Any, R], passing: frozenset[ErrorCode], patience: float
) -> R:
    until = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await talk()
        except Refusal as refusal:
            late = asyncio.get_running_loop().time() > until
            if late or not verb.repeatable or refusal.code not in passing:
                raise
        await asyncio.sleep(AGAIN_SECONDS)


def call(invocation: Invocation, verb: Verb[Any, R], asked: Wire) -> R:
    """One question to one service. Raises Problem and Refusal."""
    return converse(invocation, lambda bus: ask(bus, verb, asked))
