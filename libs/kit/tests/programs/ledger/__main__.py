"""The ledger as a process of its own. Verbs: `write` an entry, `fail` in the background, `hold` for ever."""

import asyncio

import structlog
from hive_kit.bus import Caller, Service
from hive_kit.host import Host, run
from hive_kit.outbox import emit
from hive_kit.settings import ServiceSettings
from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import Event, Verb

log = structlog.get_logger()

ROLES = frozenset({Role.OPERATOR, Role.CORE})


class Entry(Wire):
    """One line."""

    body: str


class Written(Wire):
    """Its number."""

    id: int


WRITE = Verb("broker", "write", Entry, Written, ROLES, "Write it down.")
FAIL = Verb("broker", "fail", Empty, Empty, ROLES, "Let a background task fail.")
WRITTEN = Event("broker", "entry", "written", Entry, "It was written down.")
HOLD = Verb("broker", "hold", Empty, Empty, ROLES, "Answer half a second after the stop began.")


async def compose(host: Host[ServiceSettings]) -> None:
    """Open and start everything."""
    database = await host.open_database("ledger")
    await host.relay_events(database)
    failing = asyncio.Event()

    async def write(caller: Caller, entry: Entry) -> Written:
        log.info("writes", caller=caller.principal)

        def work(connection):
            emit(connection, WRITTEN, entry)
            return connection.exec_driver_sql(
                "INSERT INTO entries (body) VALUES (?) RETURNING id", (entry.body,)
            ).scalar_one()

        return Written(id=await database.write(work))

    async def fail(_caller: Caller, _request: Empty) -> Empty:
        failing.set()
        return Empty()

    async def hold(_caller: Caller, _request: Empty) -> Empty:
        log.info("holds")
        await host.stopping.wait()
        return Empty()

    async def fail_when_told() -> None:
        await failing.wait()
        raise RuntimeError("told to fail")

    host.background(fail_when_told(), "failing")
    service = Service(host.bus, "broker", "1.0.0", "The ledger")
    service.add(WRITE, write)
    service.add(FAIL, fail)
    service.add(HOLD, hold)
    await host.answer(service)


if __name__ == "__main__":
    run(ServiceSettings.from_arguments(), compose)
