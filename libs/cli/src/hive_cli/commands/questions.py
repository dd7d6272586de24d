"""Questions and loose ends: list, ask, answer, cancel."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hive_cli.commands.decisions import say_broken
from hive_cli.output import clock, emit, one_line, say, table

if TYPE_CHECKING:
    from datetime import datetime

    from hive_wire.approvals import LooseEnds, Question

Key = Annotated[str | None, typer.Option(help="The same key again asks nothing new.")]


def questions(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(min=1, help="Only this one, with its whole text.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    to: Annotated[str | None, typer.Option(help="Only those to this principal.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the last ones.")] = 100,
    before: Annotated[int | None, typer.Option(min=1, help="Only questions with a smaller number.")] = None,
) -> None:
    """Questions of the whole swarm, to the operator and between agents."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    if number is not None:
        _say_question(context, number)
        return
    asked = request(approvals.QuestionsRequest, open=not everything, to=to, limit=limit, before=before)
    found = call(context.obj, approvals.QUESTIONS, asked)
    if context.obj.json:
        emit(found)
        return
    rows = (
        (f"#{q.id}", q.asker, q.to, clock(q.asked_at), _left(q.deadline), one_line(q.question, 60),
         one_line(" | ".join(q.options), 40), one_line(f"{q.outcome}: {q.answer}", 60) if q.outcome else "")
        for q in found.questions
    )  # fmt: skip
    columns = ("id", "from", "to", "asked", "left", "question", "options", "answer")
    table(columns, rows, empty="no questions" if everything else "no open questions")
    say_broken(found.broken)
    if found.more and found.questions:
        say(f"there are older ones: --before {found.questions[0].id}")


def ask(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="An agent's name, or `manager`.")],
    question: Annotated[str, typer.Argument(help="The text; `-` reads it from stdin.")],
    option: Annotated[list[str] | None, typer.Option(help="An answer to choose; may be given several times.")] = None,
    multi: Annotated[bool, typer.Option("--multi", help="Several options may be chosen.")] = False,
    ttl: Annotated[str | None, typer.Option(help="After so long it ends as expired: 90s, 10m, 1h30m.")] = None,
    key: Key = None,
) -> None:
    """Ask an agent; its answer comes to the operator's inbox."""
    import secrets

    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.durations import seconds_of
    from hive_cli.session import call

    asked = request(
        approvals.AskRequest,
        question=sys.stdin.read() if question == "-" else question,
        to=to,
        options=option or [],
        multi=multi,
        ttl_seconds=None if ttl is None else seconds_of(ttl),
        key=key or secrets.token_hex(16),
    )
    stored = call(context.obj, approvals.ASK, asked)
    if context.obj.json:
        emit(stored)
    else:
        say(f"#{stored.id} asked {stored.to}")


def answer(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="The question's number.")],
    text: Annotated[str, typer.Argument(help="Free text; `-` reads it from stdin.")] = "",
    option: Annotated[list[str] | None, typer.Option(help="One of the question's options.")] = None,
) -> None:
    """Answer a question with options, free text or both; the first answer counts."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.output import clean
    from hive_cli.session import call

    written = sys.stdin.read() if text == "-" else text
    asked = request(approvals.AnswerRequest, id=number, options=option or [], text=written)
    answered = call(context.obj, approvals.ANSWER, asked)
    if context.obj.json:
        emit(answered)
    else:
        say(clean(f"#{answered.id} {answered.outcome}; {answered.asker} reads: {answered.answer}"))


def cancel(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="question|reminder", help="What it is.")],
    number: Annotated[int, typer.Argument(min=1, help="Its number.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask on a terminal.")] = False,
) -> None:
    """Cancel a question (its asker reads `[cancelled]`) or a reminder that has not fired."""
    from hive_wire import approvals

    from hive_cli.arguments import request
    from hive_cli.session import call

    asked = request(approvals.CancelRequest, kind=kind, id=number)
    effect = "Its asker will read `[cancelled]`." if kind == "question" else "It will not fire."
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Cancel {kind} #{number}? {effect}", abort=True, err=True)
    call(context.obj, approvals.CANCEL_LOOSE_END, asked)
    if context.obj.json:
        emit({"kind": asked.kind, "id": number})
    else:
        say(f"{kind} #{number} is cancelled")


def loose_ends(context: typer.Context) -> None:
    """Everything that somebody waits for: approvals, questions, reminders; the oldest first."""
    from hive_wire import approvals
    from hive_wire.model import Empty

    from hive_cli.session import call

    found = call(context.obj, approvals.LOOSE_ENDS, Empty())
    if context.obj.json:
        emit(found)
    else:
        _say_loose_ends(found)


def _say_loose_ends(found: "LooseEnds") -> None:
    from hive_cli.durations import span

    rows = (
        (e.kind, f"#{e.id}", e.owner, e.waits_for, span(e.age_seconds), _left(e.due), one_line(e.summary, 70),
         one_line(e.failed or "", 50))
        for e in found.ends
    )  # fmt: skip
    columns = ("what", "id", "owner", "waits for", "age", "left", "about", "failed")
    table(columns, rows, empty="no loose ends")
    say_broken(found.broken)
    if found.left_out:
        say(f"{found.left_out} newer ones are left out")
    for service in found.unreachable:
        say(f"not shown: what the {service} has; it does not answer")


def _say_question(context: typer.Context, number: int) -> None:
    from hive_wire import approvals
    from hive_wire.errors import ErrorCode, Refusal

    from hive_cli.arguments import request
    from hive_cli.session import call

    asked = request(approvals.QuestionsRequest, open=False, before=number + 1, limit=1)
    page = call(context.obj, approvals.QUESTIONS, asked)
    found = next((q for q in page.questions if q.id == number), None)
    broken = [row for row in page.broken if row.id == number]
    if found is None and not broken:
        raise Refusal(ErrorCode.NOT_FOUND, f"there is no question #{number}", id=number)
    if context.obj.json:
        emit(found or broken[0])
    elif found is None:
        say_broken(broken)
    else:
        _say_whole(found)


def _say_whole(question: "Question") -> None:
    from hive_cli.output import clean

    say(f"#{question.id} {question.asker} → {question.to}, asked {clock(question.asked_at)}")
    say(clean(question.question))
    for option in question.options:
        say(f"  {'☐' if question.multi else '○'} {one_line(option, 1000)}")
    if question.outcome is not None:
        say(clean(f"{question.outcome} by {question.answerer} {clock(question.answered_at)}: {question.answer}"))
    elif question.deadline is not None:
        say(f"ends as expired in {_left(question.deadline)}, {clock(question.deadline)}")


def _left(deadline: "datetime | None") -> str:
    from datetime import UTC, datetime

    from hive_cli.durations import span

    return "" if deadline is None else span((deadline - datetime.now(UTC)).total_seconds())
