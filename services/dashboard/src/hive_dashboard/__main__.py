"""Composition root: the database, two connections, the feed, the page's server."""

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version

from hive_kit import host
from hive_kit.bus import Bus
from hive_kit.host import Host
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import OPERATOR

from hive_dashboard.bus import service
from hive_dashboard.feed import Harnesses, Services
from hive_dashboard.http.app import guarded
from hive_dashboard.http.parts import Parts
from hive_dashboard.http.server import HttpServer, bind
from hive_dashboard.listening import Listening
from hive_dashboard.projection import Facts, Projection
from hive_dashboard.settings import DashboardSettings
from hive_dashboard.stream import Pages

VERSION = version("hive-dashboard")
_JOIN_SECONDS = 2.0
_STOP_SECONDS = 5.0


async def compose(running: Host[DashboardSettings]) -> None:
    """Start everything. The page is served whether or not the other services are up."""
    settings, bus = running.settings, running.bus
    bound = bind(settings.host, settings.port)
    running.stack.callback(bound.close)
    database = await running.open_database("hive_dashboard")
    operator = await Bus.connect(settings.nats_url, OPERATOR, settings.operator_creds)
    running.stack.push_async_callback(operator.close)
    projection = Projection(Facts(settings.swarm_name, VERSION, settings.body_limit, not settings.unsafe))
    pages = Pages()
    services = Services(bus, operator, projection, pages, _now, settings.probe_seconds)
    listening = Listening(settings.ask_after_seconds, settings.silent_after_seconds)
    running.background(services.run(), "services")
    running.background(Harnesses(bus, projection, pages, _now, listening).run(), "harnesses")
    running.background(_end_with(operator), "operator")
    await running.answer(service(bus, VERSION, database, settings.origin))
    await _joined(services)
    parts = Parts(settings, database, bus, operator, projection, pages)
    await _serve(running, HttpServer(guarded(parts), bound), pages)


async def _serve(running: Host[DashboardSettings], server: HttpServer, pages: Pages) -> None:
    serving = running.background(server.run(), "http")
    await server.listening()

    async def stop() -> None:
        pages.close()
        server.stop()
        await asyncio.wait({serving}, timeout=_STOP_SECONDS)

    running.stack.push_async_callback(stop)


async def _joined(services: Services) -> None:
    """Give the services a moment, so that the first page is whole where they are up."""
    try:
        async with asyncio.timeout(_JOIN_SECONDS):
            await services.joined.wait()
    except TimeoutError:
        return


async def _end_with(operator: Bus) -> None:
    await operator.closed.wait()
    raise Refusal(ErrorCode.FORBIDDEN, "the operator's credentials were revoked")


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    host.run(DashboardSettings.from_arguments(), compose)
