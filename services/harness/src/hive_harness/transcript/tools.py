"""What a tool call does, in a verb and an object (`Bash` `ls -la`), and what a file change changed."""

from collections.abc import Mapping
from typing import Any, cast

_OBJECTS = {
    "Bash": "command",
    "Read": "file_path",
    "Edit": "file_path",
    "Write": "file_path",
    "NotebookEdit": "notebook_path",
    "WebFetch": "url",
    "WebSearch": "query",
    "Agent": "description",
    "Task": "description",
    "TaskStop": "task_id",
}
_OWN_OBJECTS = {"send": "to", "message_status": "id"}
_OBJECT_CHARS = 120
_PATCH_LINES = 400

Json = dict[str, Any]  # Any: JSON of Claude Code


def verb_and_object(name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """A short name of the tool, and what it is used on; empty where nothing says so briefly."""
    server, _, tool = name.removeprefix("mcp__").partition("__") if name.startswith("mcp__") else ("", "", name)
    if server == "hyperhive":
        return tool, _brief(arguments.get(_OWN_OBJECTS.get(tool, "")))
    if server:
        return f"{server}.{tool}", ""
    return name, _brief(arguments.get(_OBJECTS.get(name, "")))


def diff_of(result: Any) -> Json | None:  # Any: differs by tool
    """What an Edit or Write changed: `path`, `added`, `removed`, `patch` (unified, cut where it is long)."""
    if not isinstance(result, dict):
        return None
    change = cast(Json, result)
    path, hunks = change.get("filePath"), change.get("structuredPatch")
    if not isinstance(path, str) or not isinstance(hunks, list):
        return None
    lines = [line for hunk in cast("list[Json]", hunks) for line in _hunk(hunk)]
    if not lines and change.get("type") == "create":
        lines = [f"+{line}" for line in str(change.get("content") or "").splitlines()]
    return {
        "path": path,
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
        "patch": "\n".join(lines[:_PATCH_LINES]),
        "patch_cut": len(lines) > _PATCH_LINES,
    }


def _hunk(hunk: Json) -> list[str]:
    head = "@@ -{oldStart},{oldLines} +{newStart},{newLines} @@".format(
        **{key: hunk.get(key, 0) for key in ("oldStart", "oldLines", "newStart", "newLines")}
    )
    return [head, *(str(line) for line in cast("list[Any]", hunk.get("lines") or []))]  # Any: strings so far


def _brief(value: Any) -> str:  # Any: an argument of a tool
    if value is None:
        return ""
    first = str(value).strip().split("\n", 1)[0]
    return first if len(first) <= _OBJECT_CHARS else f"{first[: _OBJECT_CHARS - 1]}…"
