"""Messages: send, inbox, message (the receipt), the files it names, dead letters."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hive_cli.output import clean, clock, emit, one_line, say, table

if TYPE_CHECKING:
    from hive_wire.broker import Message, Receipt
    from hive_wire.verb import Verb

Id = Annotated[int, typer.Argument(help="The message's number.")]
dead = typer.Typer(help="Messages whose turns failed too often.", no_args_is_help=True)


def send(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="An agent's name, `manager` or `operator`.")],
    body: Annotated[str, typer.Argument(help="The text; `-` reads it from stdin.")],
    reply_to: Annotated[int | None, typer.Option(help="The number of the message that this one answers.")] = None,
    key: Annotated[str | None, typer.Option(help="The same key again sends nothing new.")] = None,
) -> None:
    """Store one message; prints its number when it is on disk."""
    import secrets

    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    text = sys.stdin.read() if body == "-" else body
    asked = request(broker.SendRequest, to=to, body=text, key=key or secrets.token_hex(16), in_reply_to=reply_to)
    sent = converse(context.obj, lambda bus: ask(bus, broker.SEND, asked))
    if context.obj.json:
        emit(sent)
    else:
        say(f"#{sent.id} {sent.state}")


def inbox(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose inbox.")] = "operator",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the last ones.")] = 20,
    before: Annotated[int | None, typer.Option(help="Only messages with a smaller number.")] = None,
) -> None:
    """The last messages of an inbox with their states; delivers nothing."""
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    asked = request(broker.RecentRequest, limit=limit, inbox=name, before=before)
    found = converse(context.obj, lambda bus: ask(bus, broker.RECENT, asked))
    if context.obj.json:
        emit(found)
    else:
        _messages_table(found.messages, f"nothing in the inbox of {name}")


def message(context: typer.Context, number: Id) -> None:
    """What became of a message: stored, delivered, acked, put back, dead."""
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    asked = request(broker.MessageId, id=number)
    found = converse(context.obj, lambda bus: ask(bus, broker.MESSAGE_STATUS, asked))
    if context.obj.json:
        emit(found)
        return
    say(f"#{found.id} {found.sender} → {found.recipient}: {found.state}")
    for word, at in (("stored", found.stored_at), ("delivered", found.delivered_at), ("acked", found.acked_at)):
        say(f"  {word:<10}{clock(at) or 'not yet'}")
    if found.redelivered or found.failures or found.dead_reason:
        say(f"  put back {found.redelivered} times, {found.failures} failures {one_line(found.dead_reason or '')}")
    say(clean(found.body))
    for place, ref in enumerate(found.file_refs):
        say(f"  file {place}  {one_line(ref.path, 200)}  {ref.size} bytes")


def file(
    context: typer.Context,
    number: Id,
    place: Annotated[int, typer.Argument(min=0, help="Which of its files, as `hive message` numbers them.")] = 0,
) -> None:
    """The beginning of a file that a message names, as it is now."""
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import call

    found = call(context.obj, broker.READ_FILE, request(broker.FileRequest, id=number, number=place))
    if context.obj.json:
        emit(found)
        return
    say(f"{one_line(found.path, 200)}  {found.size} bytes")
    say("(no text)" if found.text is None else clean(found.text).removesuffix("\n"))
    if found.cut:
        say("(the file goes on)")


@dead.command("list")
def dead_list(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the last ones.")] = 50,
    before: Annotated[int | None, typer.Option(help="Only messages with a smaller number.")] = None,
) -> None:
    """Dead messages of the whole swarm with the last failure's reason."""
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    asked = request(broker.HistoryRequest, limit=limit, before=before, state=broker.MessageState.DEAD)
    found = converse(context.obj, lambda bus: ask(bus, broker.HISTORY, asked))
    if context.obj.json:
        emit(found)
    else:
        rows = (
            (f"#{m.id}", m.sender, m.recipient, one_line(m.dead_reason or "", 60), one_line(m.body, 60))
            for m in found.messages
        )
        table(("id", "from", "to", "reason", "body"), rows, empty="no dead messages")


@dead.command("retry")
def dead_retry(context: typer.Context, number: Id) -> None:
    """Put a dead message back in line."""
    from hive_wire import broker

    _settle(context, broker.DEAD_RETRY, number)


@dead.command("dismiss")
def dead_dismiss(context: typer.Context, number: Id) -> None:
    """Drop a dead message; its row stays."""
    from hive_wire import broker

    _settle(context, broker.DEAD_DISMISS, number)


def _settle(context: typer.Context, verb: "Verb[Any, Receipt]", number: int) -> None:  # Any: the requests differ
    from hive_wire import broker

    from hive_cli.arguments import request
    from hive_cli.session import ask, converse

    asked = request(broker.MessageId, id=number)
    receipt = converse(context.obj, lambda bus: ask(bus, verb, asked))
    if context.obj.json:
        emit(receipt)
    else:
        say(f"#{receipt.id} {receipt.state}")


def _messages_table(messages: Iterable["Message"], empty: str) -> None:
    rows = ((f"#{m.id}", clock(m.stored_at), m.sender, m.recipient, m.state, one_line(m.body)) for m in messages)
    table(("id", "stored", "from", "to", "state", "body"), rows, empty=empty)
