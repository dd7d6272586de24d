"""The operator's connection to a swarm, and the words for a swarm that can't be reached."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from hive_kit.bus import Bus
from hive_kit.swarm import SwarmConfig
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import OPERATOR

from hive_cli.problems import Exit, Problem

CONNECT_SECONDS = 2.0


@asynccontextmanager
async def operator_bus(swarm: SwarmConfig, wait_seconds: float = CONNECT_SECONDS) -> AsyncGenerator[Bus]:
    """Raises Problem when the swarm is not running or refuses the operator's credentials."""
    creds = swarm.creds(OPERATOR)
    if not creds.exists():
        raise Problem(f"{creds} is missing; `hive setup` makes it again", "unavailable", Exit.UNREACHABLE)
    try:
        bus = await Bus.connect(swarm.nats_url, OPERATOR, creds, wait_seconds)
    except Refusal as refusal:
        if refusal.code is ErrorCode.UNAVAILABLE:
            text = f"the swarm in {swarm.state} is not running; `hive up` starts it"
            raise Problem(text, refusal.code, Exit.UNREACHABLE) from None
        raise
    try:
        yield bus
    finally:
        await bus.close()
