"""What holds for every command: which swarm, and whether a program or a person reads the answer.

`--state` and `--json` are taken wherever they stand, before or after the sub-command, up to a lone `--`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hive_cli.problems import Exit, Problem

DEFAULT_STATE = "state"


@dataclass(frozen=True)
class Invocation:
    state: Path
    json: bool


def split(arguments: Sequence[str]) -> tuple[Invocation, list[str]]:
    """The invocation and the arguments that are left. Raises Problem for `--state` without a folder."""
    state = os.environ.get("HIVE_STATE") or DEFAULT_STATE
    as_json = False
    left: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            left += ["--", *rest]
        elif argument == "--json":
            as_json = True
        elif argument == "--state":
            state = next(rest, "")
        elif argument.startswith("--state="):
            state = argument.removeprefix("--state=")
        else:
            left.append(argument)
        if not state:
            raise Problem("--state needs a folder", "usage", Exit.USAGE)
    return Invocation(Path(state).absolute(), as_json), left
