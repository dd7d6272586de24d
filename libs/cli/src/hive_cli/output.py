"""How an answer is shown: tables and sentences for a person, JSON for a program.

JSON goes to stdout as one document (streams: one a line); an error is `code: message` on stderr, or with
`--json` `{"error": {"code", "message", "details"}}` on stdout."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

# JSON, or a wire model; commands hand over either.
Value = Any


def emit(value: Value, *, compact: bool = False) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(_plain(value), indent=None if compact else 2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line for a person."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(code: str, message: str, details: dict[str, Value], *, as_json: bool) -> None:
    """The one line of a command that failed."""
    if as_json:
        emit({"error": {"code": code, "message": message, "details": details}})
    else:
        sys.stderr.write(f"{code}: {message}\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Columns under their headings; without a terminal as wide as need be and without colour."""
    shown = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
    if not shown:
        say(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in shown:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(drawn)


def one_line(text: str, width: int = 100) -> str:
    """Text of any origin on one line: no control characters, cut to `width`."""
    flat = "".join(letter if letter.isprintable() else " " for letter in text)
    flat = " ".join(flat.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def clean(text: str) -> str:
    """Text of any origin for a terminal: lines kept, escape sequences made harmless."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def clock(at: datetime | None) -> str:
    """A moment in the reader's own time."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: Value) -> Value:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
