"""A service in this process whose handlers a test writes."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from hive_kit.bus import Bus, Caller, Service
from hive_kit.testing import TestNats
from hive_wire.model import Wire
from hive_wire.names import Role
from hive_wire.verb import Verb

Handler = Callable[[Caller, Any], Awaitable[Wire]]
Answer = Callable[..., Awaitable[Service]]


class Said(Wire):
    """What the test's verb takes and gives."""

    text: str = ""
    number: int = 0


ECHO = Verb("broker", "echo", Said, Said, frozenset({Role.OPERATOR, Role.AGENT}), "Say it again.", seconds=60)


@pytest_asyncio.fixture
async def operator(nats: TestNats) -> Bus:
    return await nats.bus("operator")


@pytest_asyncio.fixture
async def answer(nats: TestNats) -> AsyncGenerator[Answer]:
    """Start a service on a connection of its own that answers `ECHO` with the given handler."""
    started: list[Service] = []

    async def start(handler: Handler, verb: Verb[Any, Any] = ECHO, limit: int = 256) -> Service:
        service = Service(await nats.bus("broker"), "broker", "1.0.0", "a test's service")
        service.add(verb, handler, limit)
        await service.start()
        started.append(service)
        return service

    yield start
    for service in started:
        await service.stop(grace_seconds=0.1)
