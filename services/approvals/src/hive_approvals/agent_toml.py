"""Reading `agent.toml`: either the configuration that it holds, or every problem with its line and key."""

import re
import tomllib
from typing import Any

from hive_wire import agent_config as model
from hive_wire.agent_config import AgentConfig
from hive_wire.errors import ErrorCode, Refusal
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hive_approvals.agent_toml_lines import Key, TooDeep, key_lines

LARGEST_BYTES = 256 << 10
_PROBLEMS = 50
_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "missing": "this key, which is required here",
}
_TABLES: dict[str, type[BaseModel]] = {
    "": AgentConfig,
    "prompt": model.Prompt,
    "messages": model.Messages,
    "tools": model.Tools,
    "budgets": model.Budgets,
    "mcp": model.McpServer,
    "mounts": model.MountEntry,
}

_ROOT_RULE: Key = ("mcp", "hyperhive")
"""What the only rule about the whole file is about."""

_Problem = dict[str, Any]  # Any: a line is a number, the rest is text


def parse(text: bytes, file: str = "agent.toml") -> AgentConfig:
    """The configuration. Refuses `bad_config`; `details.problems` holds file, line, key and what is expected."""
    if len(text) > LARGEST_BYTES:
        raise _refused([_problem(file, 1, "", f"at most {LARGEST_BYTES} bytes, not {len(text)}")])
    decoded = _decoded(text, file)
    try:
        lines = key_lines(decoded)
        data = tomllib.loads(decoded)
    except TooDeep as error:
        raise _refused([_problem(file, error.line, "", str(error), expected=False)]) from error
    except tomllib.TOMLDecodeError as error:
        raise _refused([_syntax(file, decoded, str(error))]) from error
    except (ValueError, RecursionError) as error:  # an integer of too many digits; brackets without end
        raise _refused([_problem(file, 1, "", "a value that can't be read", expected=False)]) from error
    try:
        return AgentConfig.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:_PROBLEMS]
        raise _refused(sorted((_wrong(file, lines, each) for each in found), key=lambda p: p["line"])) from None


def _decoded(text: bytes, file: str) -> str:
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _refused([_problem(file, line, "", "UTF-8")]) from error
    if decoded.startswith("\ufeff"):
        raise _refused([_problem(file, 1, "", "no byte order mark at the beginning")])
    return decoded


def _syntax(file: str, text: str, message: str) -> _Problem:
    place = re.search(r"\(at line (\d+), column \d+\)\Z", message)
    line = int(place[1]) if place else text.rstrip().count("\n") + 1
    what = message[: place.start()] if place else message.removesuffix("(at end of document)")
    return _problem(file, line, "", what.strip()[:200], expected=False)


def _wrong(file: str, lines: dict[Key, int], error: ErrorDetails) -> _Problem:
    path = tuple(part for part in error["loc"] if part != "[key]")
    path = path or _ROOT_RULE
    known = next((path[:count] for count in range(len(path), 0, -1) if path[:count] in lines), ())
    line, key, kind = lines.get(known, 1), _key(path), error["type"]
    if kind == "extra_forbidden":
        table = _TABLES.get(str(path[0]) if len(path) > 1 else "")
        names = ", ".join(table.model_fields) if table else ""
        return _problem(file, line, key, f"unknown key; there are {names}", expected=False)
    if kind == "string_pattern_mismatch":
        return _problem(file, line, key, f"text of the form {error.get('ctx', {}).get('pattern')}")
    if kind in _EXPECTED:
        return _problem(file, line, key, _EXPECTED[kind])
    return _problem(file, line, key, error["msg"].removeprefix("Value error, "), expected=False)


def _key(path: Key) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")[:200]
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _problem(file: str, line: int, key: str, what: str, *, expected: bool = True) -> _Problem:
    return {"file": file, "line": line, "key": key, "expected" if expected else "problem": what}


def _refused(problems: list[_Problem]) -> Refusal:
    first = problems[0]
    what = first["problem"] if "problem" in first else f"expected {first['expected']}"
    place = f"{first['file']}:{first['line']}:" + (f" {first['key']}:" if first["key"] else "")
    return Refusal(ErrorCode.BAD_CONFIG, f"{place} {what}", problems=problems)
