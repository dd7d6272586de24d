"""Watching and asking the wire itself: tail, tap, call."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hive_cli.output import emit, one_line, say, table

if TYPE_CHECKING:
    from hive_kit.bus import Bus
    from nats.aio.msg import Msg

    from hive_cli.tap import Exchange, Tap

Count = Annotated[int | None, typer.Option("--count", "-c", min=1, help="End after so many lines.")]
Json = dict[str, Any]  # Any: payloads of the wire
OVERDUE_SECONDS = 0.25


def tail(
    context: typer.Context,
    agent: Annotated[str | None, typer.Argument(help="Only what this agent does and what happens to it.")] = None,
    count: Count = None,
) -> None:
    """Follow what happens: agents' live events, and the events of every service."""
    from hive_cli.sentences import line_of
    from hive_cli.session import converse

    lines: asyncio.Queue[Json] = asyncio.Queue()

    def hear(subject: str, payload: bytes) -> None:
        data = json.loads(payload)
        if agent is None or _concerns(data, agent):
            lines.put_nowait({"subject": subject, "data": data})

    async def talk(bus: "Bus") -> None:
        await bus.subscribe(f"hive.live.{agent or '*'}.*", hear)
        await bus.subscribe("hive.evt.>", hear)
        _listening(context)
        shown = 0
        while count is None or shown < count:
            line = await lines.get()
            emit(line, compact=True) if context.obj.json else say(
                line_of(line["subject"], line["data"], datetime.now(UTC))
            )
            shown += 1

    _until_interrupted(lambda: converse(context.obj, talk))


def tap(
    context: typer.Context,
    caller: Annotated[str | None, typer.Option("--from", help="Only requests of this principal.")] = None,
    to: Annotated[str | None, typer.Option(help="Only requests to this service or agent.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only refused and unanswered ones.")] = False,
    count: Count = None,
) -> None:
    """Watch every request with its reply, time and error; secrets are masked."""
    from hive_cli.session import converse

    def wanted(exchange: "Exchange") -> bool:
        if caller is not None and exchange.caller != caller:
            return False
        if to is not None and to not in (exchange.service, exchange.agent):
            return False
        return not errors or exchange.outcome != "ok"

    async def talk(bus: "Bus") -> None:
        exchanges = await _open_tap(bus)
        _listening(context)
        shown = 0
        async for exchange in exchanges:
            if wanted(exchange):
                emit(_as_json(exchange), compact=True) if context.obj.json else say(_exchange_line(exchange))
                shown += 1
            if shown == count:
                return

    _until_interrupted(lambda: converse(context.obj, talk))


def call(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="A service, or `agent` for a harness.")] = None,
    verb: Annotated[str | None, typer.Argument(help="The verb's name.")] = None,
    request: Annotated[str, typer.Argument(help="The request as JSON; `-` reads it from stdin.")] = "{}",
    agent: Annotated[str | None, typer.Option(help="Whose harness, for the service `agent`.")] = None,
) -> None:
    """Call any verb as the operator; without a service, list all verbs."""
    from hive_wire import catalog, subjects
    from hive_wire.errors import ErrorCode, Refusal
    from hive_wire.names import OPERATOR

    from hive_cli.session import converse

    if service is None or verb is None:
        _list_verbs(context, service)
        return
    found = catalog.verb(service, verb)
    if found is None:
        known = [v.full_name for v in catalog.VERBS if v.service == service] or [v.full_name for v in catalog.VERBS]
        raise Refusal(ErrorCode.NOT_FOUND, f"no verb {service}.{verb}; `hive call` lists them", known=known)
    try:
        subject = subjects.request(OPERATOR, found, agent)
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, str(error)) from error
    payload = sys.stdin.read() if request == "-" else request

    async def talk(bus: "Bus") -> bytes:
        return await bus.request(subject, payload.encode(), found.seconds, agent=agent)

    emit(json.loads(converse(context.obj, talk)))


def _list_verbs(context: typer.Context, service: str | None) -> None:
    from hive_wire import catalog
    from hive_wire.names import Role

    verbs = [v for v in catalog.VERBS if service in (None, v.service)]
    if context.obj.json:
        emit([{"service": v.service, "verb": v.name, "roles": sorted(v.roles), "doc": v.doc} for v in verbs])
        return
    rows = ((v.full_name, "yes" if Role.OPERATOR in v.roles else "no", v.doc) for v in verbs)
    table(("verb", "operator", "what it does"), rows, empty=f"no service {service}")


async def _open_tap(bus: "Bus") -> "AsyncIterator[Exchange]":
    """Hears everything from when it returns; then yields each exchange when it ends, for ever."""
    from hive_cli.tap import Tap

    tap = Tap()
    exchanges: asyncio.Queue[Exchange] = asyncio.Queue()

    async def asked(message: "Msg") -> None:
        tap.asked(message)

    async def answered(message: "Msg") -> None:
        exchange = tap.answered(message)
        if exchange is not None:
            exchanges.put_nowait(exchange)

    for subject, hear in (("hive.from.>", asked), ("_INBOX.>", answered)):
        await bus.nats.subscribe(subject, cb=hear)  # pyright: ignore[reportUnknownMemberType]  # nats-py: open parameter
    await bus.sync()
    return _ended(tap, exchanges)


async def _ended(tap: "Tap", exchanges: "asyncio.Queue[Exchange]") -> "AsyncIterator[Exchange]":
    # That nobody answers is told to the caller alone: here it shows when the caller has given up.
    while True:
        with contextlib.suppress(TimeoutError):
            yield await asyncio.wait_for(exchanges.get(), OVERDUE_SECONDS)
        for late in tap.overdue():
            yield late


def _listening(context: typer.Context) -> None:
    """On stderr, so that a person and a test know that nothing is missed from here on."""
    if not context.obj.json or sys.stderr.isatty():
        sys.stderr.write("listening\n")
        sys.stderr.flush()


def _until_interrupted(follow: Any) -> None:  # Any: a call without arguments
    try:
        follow()
    except KeyboardInterrupt:
        return


def _concerns(data: Json, agent: str) -> bool:
    """Whether any field that names somebody names this agent."""
    named = {"agent", "name", "sender", "recipient"}
    parts = [data, *(cast("Json", part) for part in data.values() if isinstance(part, dict))]
    return any(agent == part[name] for part in parts for name in named & part.keys())


def _exchange_line(exchange: "Exchange") -> str:
    at = datetime.fromtimestamp(exchange.at, UTC).astimezone()
    target = f"{exchange.agent}.{exchange.verb}" if exchange.agent else f"{exchange.service}.{exchange.verb}"
    took = "" if exchange.milliseconds is None else f"{exchange.milliseconds:.1f} ms"
    request = one_line(json.dumps(exchange.request, ensure_ascii=False), 80)
    reply = one_line(json.dumps(exchange.reply, ensure_ascii=False), 80)
    return f"{at:%H:%M:%S.%f}  {exchange.caller} → {target:<24}  {exchange.outcome:<12} {took:>10}  {request} → {reply}"


def _as_json(exchange: "Exchange") -> Json:
    from dataclasses import asdict

    return {**asdict(exchange), "at": datetime.fromtimestamp(exchange.at, UTC).isoformat()}
