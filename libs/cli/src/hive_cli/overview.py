"""A look at the whole swarm: which services answer, every agent with its container's and its loop's state."""

import asyncio
import json

from hive_kit.bus import Bus
from hive_wire import agent as harness
from hive_wire import lifecycle
from hive_wire.errors import Refusal
from hive_wire.lifecycle import AgentView, Capabilities, ContainerState
from hive_wire.live import AgentStatus
from hive_wire.model import Empty, Wire
from hive_wire.names import SERVICES

from hive_cli.session import ask

GLANCE_SECONDS = 1.0


class AgentRow(AgentView):
    """An agent; `status` is what its harness says, None where it says nothing."""

    status: AgentStatus | None = None


class Agents(Wire):
    agents: list[AgentRow]
    capabilities: Capabilities | None = None


class ServiceRow(Wire):
    name: str
    up: bool
    version: str | None = None


class Overview(Agents):
    """`agents` is empty while lifecycle doesn't answer."""

    state: str = ""
    dashboard_url: str = ""
    services: list[ServiceRow]


async def look(bus: Bus) -> Overview:
    services = await asyncio.gather(*(_service(bus, name) for name in SERVICES))
    reachable = any(row.up for row in services if row.name == lifecycle.SERVICE)
    seen = await agents(bus) if reachable else Agents(agents=[])
    return Overview(services=services, agents=seen.agents, capabilities=seen.capabilities)


async def agents(bus: Bus) -> Agents:
    """Lifecycle's list, with the harnesses' own words."""
    listed = await ask(bus, lifecycle.LIST, Empty())
    statuses = await asyncio.gather(*(_status(bus, view) for view in listed.agents))
    rows = [AgentRow(**view.model_dump(), status=status) for view, status in zip(listed.agents, statuses, strict=True)]
    return Agents(agents=rows, capabilities=listed.capabilities)


async def _service(bus: Bus, name: str) -> ServiceRow:
    try:
        pong = json.loads(await bus.request(f"$SRV.PING.{name}", b"", GLANCE_SECONDS))
    except Refusal:
        return ServiceRow(name=name, up=False)
    return ServiceRow(name=name, up=True, version=pong.get("version"))


async def _status(bus: Bus, view: AgentView) -> AgentStatus | None:
    if view.container is not ContainerState.RUNNING:
        return None
    try:
        return await bus.call(harness.STATUS, Empty(), agent=view.name, timeout=GLANCE_SECONDS)
    except Refusal:
        return None
