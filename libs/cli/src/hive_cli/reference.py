"""The command's reference page, made from the commands themselves: `render()` is what `docs/reference/cli.md` says."""

import inspect

import typer
from typer.core import TyperCommand, TyperGroup

from hive_cli.__main__ import app
from hive_cli.listing import LIST, ListingGroup
from hive_cli.problems import Exit

INTRODUCTION = """\
# `hive`

Talks to a swarm over NATS with the operator's credentials. `--state DIR` (or `HIVE_STATE`, else `./state`) names the
swarm and `--json` asks for JSON; both may stand before or after the command. A lone `--` ends the options.

With `--json` an answer is one JSON document on stdout (`tail`, `tap` and what is followed: one a line); a failure is
`{"error": {"code", "message", "details"}}` on stdout. Without it a failure is one line `code: message` on stderr.
The codes are those of the wire (`errors.md`) and `usage`, `not_set_up`, `already_running`, `port_busy`, `no_sandbox`,
`action_failed` and `failed`.
"""


def render() -> str:
    root = typer.main.get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("the command has no sub-commands")
    return "\n".join([INTRODUCTION, _exit_codes(), *_commands(root, "hive")]) + "\n"


def _exit_codes() -> str:
    rows = [f"| {code.value} | {_doc_of(code)} |" for code in Exit]
    return "\n".join(["| exit code | meaning |", "|---|---|", *rows, ""])


def _doc_of(code: Exit) -> str:
    """The sentence under a member of the enumeration, which Python itself does not keep."""
    lines = [line.strip() for line in inspect.getsource(Exit).splitlines()]
    return lines[lines.index(f"{code.name} = {code.value}") + 1].strip('"')


def _commands(group: TyperGroup, path: str) -> list[str]:
    pages: list[str] = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            pages += _commands(command, f"{path} {name}")
        elif isinstance(command, TyperCommand):
            also = f"`{path}` alone is the same." if isinstance(group, ListingGroup) and name == LIST else ""
            pages.append(_page(command, f"{path} {name}", also))
    return pages


def _page(command: TyperCommand, path: str, also: str) -> str:
    context = typer.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    help_text = " ".join([(command.help or "").strip(), also]).strip()
    lines = [f"## `{path}`", "", help_text, "", f"    {usage}", ""]
    shown = (parameter for parameter in command.params if not getattr(parameter, "hidden", False))
    records = [record for parameter in shown if (record := parameter.get_help_record(context))]
    lines += [f"- `{' '.join(names.split())}`: {text}" for names, text in records if "--help" not in names]
    return "\n".join([*lines, ""]) if records else "\n".join(lines)
