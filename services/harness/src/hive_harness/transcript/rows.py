"""One event of Claude Code to the rows that it makes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from hive_wire.live import LiveKind

from hive_harness.outcome import Raw
from hive_harness.transcript.tools import diff_of, verb_and_object

Json = dict[str, Any]  # Any: JSON of Claude Code


@dataclass(frozen=True)
class Row:
    """A live event without its number and time."""

    kind: LiveKind
    data: Json = field(default_factory=dict[str, Any])


def rows(event: Raw) -> list[Row]:
    """The rows of `event`, in order. Never raises: what can't be read becomes one `unknown` row."""
    try:
        made = _TYPES.get(str(event.get("type")), _unknown)(dict(event))
    except (AttributeError, KeyError, TypeError, ValueError):
        return _unknown(dict(event))
    return made


def _unknown(event: Json) -> list[Row]:
    return [Row(LiveKind.UNKNOWN, {"raw": event})]


def _assistant(event: Json) -> list[Row]:
    made: list[Row] = []
    for block in cast("list[Json]", event["message"]["content"]):
        made.append(_block(block, event))
    if event.get("error"):
        text = next((row.data["text"] for row in made if row.kind is LiveKind.TEXT), "the model's API failed")
        return [Row(LiveKind.ERROR, {"text": text, "code": str(event["error"])})]
    return made


def _block(block: Json, event: Json) -> Row:
    whose = _subagent(event)
    if block["type"] == "text":
        return Row(LiveKind.TEXT, {"text": block["text"], **whose})
    if block["type"] == "thinking":
        return Row(LiveKind.THINKING, {"text": block["thinking"], **whose})
    if block["type"] == "tool_use":
        verb, thing = verb_and_object(block["name"], block["input"])
        call = {"id": block["id"], "name": block["name"], "input": block["input"], "verb": verb, "object": thing}
        return Row(LiveKind.TOOL_CALL, {**call, **whose})
    return Row(LiveKind.UNKNOWN, {"raw": block, **whose})


def _user(event: Json) -> list[Row]:
    content = event["message"]["content"]
    if isinstance(content, str):
        return [_machinery(content, event)]
    made: list[Row] = []
    for block in cast("list[Json]", content):
        if block.get("type") == "tool_result":
            made.append(_tool_result(block, event))
        elif block.get("type") == "text":
            made.append(_machinery(block["text"], event))
        else:
            made.append(Row(LiveKind.UNKNOWN, {"raw": block}))
    return made


def _tool_result(block: Json, event: Json) -> Row:
    text = _text_of(block.get("content"))
    data: Json = {
        "id": block["tool_use_id"],
        "is_error": bool(block.get("is_error")),
        "text": text,
        "bytes": len(text.encode(errors="replace")),
        **_subagent(event),
    }
    diff = diff_of(event.get("tool_use_result"))
    return Row(LiveKind.TOOL_RESULT, {**data, "diff": diff} if diff else data)


def _text_of(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts: list[str] = []
    for block in cast("list[Json]", content):
        parts.append(block["text"] if block.get("type") == "text" else f"({block.get('type')})")
    return "\n".join(parts)


def _machinery(text: str, event: Json) -> Row:
    """Text that Claude Code itself put into the conversation."""
    return Row(LiveKind.NOTE, {"text": text, "level": "debug", **_subagent(event)})


def _subagent(event: Json) -> Json:
    parent = event.get("parent_tool_use_id")
    if not parent:
        return {}
    return {"subagent": {"call": parent, "type": event.get("subagent_type"), "task": event.get("task_description")}}


def _system(event: Json) -> list[Row]:
    return _SYSTEM.get(str(event.get("subtype")), _unknown)(event)


def _init(event: Json) -> list[Row]:
    text = f"Claude Code {event.get('claude_code_version')} · {event['model']} · session {event['session_id']}"
    made = [Row(LiveKind.NOTE, {"text": text, "level": "debug"})]
    for server in cast("list[Json]", event.get("mcp_servers") or []):
        if server.get("status") not in ("connected", "pending"):
            problem = f"the MCP server {server.get('name')} is {server.get('status')}"
            made.append(Row(LiveKind.ERROR, {"text": problem, "code": "mcp_server"}))
    return made


def _status(event: Json) -> list[Row]:
    if event.get("status") == "compacting":
        return [Row(LiveKind.COMPACTION, {"phase": "started"})]
    if event.get("compact_result") == "failed":
        return [Row(LiveKind.COMPACTION, {"phase": "failed", "error": event.get("compact_error")})]
    return _quiet(event)


def _compact_boundary(event: Json) -> list[Row]:
    facts = cast(Json, event["compact_metadata"])
    figures = {key: facts.get(key) for key in ("trigger", "pre_tokens", "post_tokens")}
    return [Row(LiveKind.COMPACTION, {"phase": "done", **figures})]


def _api_retry(event: Json) -> list[Row]:
    data = {
        "attempt": event["attempt"],
        "max": event.get("max_retries"),
        "error": event.get("error"),
        "delay_seconds": round(event.get("retry_delay_ms", 0) / 1000, 1),
        "status": event.get("error_status"),
    }
    return [Row(LiveKind.RETRY, data)]


def _task(phase: str) -> Callable[[Json], list[Row]]:
    def made(event: Json) -> list[Row]:
        patch = cast(Json, event.get("patch") or {})
        data = {
            "id": event["task_id"],
            "phase": event.get("status") or patch.get("status") or phase,
            "description": event.get("description"),
            "summary": event.get("summary"),
            "call": event.get("tool_use_id"),
            "background": event.get("is_backgrounded"),
        }
        return [Row(LiveKind.TASK, {key: value for key, value in data.items() if value is not None})]

    return made


def _denied(event: Json) -> list[Row]:
    return [Row(LiveKind.ERROR, {"text": f"{event['tool_name']}: {event['message']}", "code": "permission_denied"})]


def _refused(event: Json) -> list[Row]:
    return [Row(LiveKind.ERROR, {"text": event["content"], "code": "refusal"})]


def _said(event: Json) -> list[Row]:
    return [Row(LiveKind.NOTE, {"text": event.get("content") or event.get("text") or ""})]


def _rate_limit(event: Json) -> list[Row]:
    info = cast(Json, event["rate_limit_info"])
    level = {"allowed": "debug", "allowed_warning": "warning"}.get(str(info.get("status")), "error")
    text = f"usage limit {info.get('rateLimitType')}: {info.get('status')}"
    return [Row(LiveKind.NOTE, {"text": text, "level": level, "limit": info})]


def _reset(event: Json) -> list[Row]:
    return [Row(LiveKind.NOTE, {"text": f"the conversation begins anew ({event.get('trigger')})"})]


def _unreadable(event: Json) -> list[Row]:
    return [Row(LiveKind.ERROR, {"text": event["text"], "code": "unreadable"})]


def _ended(event: Json) -> list[Row]:
    return [Row(LiveKind.ERROR, {"text": f"Claude Code ended (exit code {event['code']})", "code": "claude_ended"})]


def _quiet(event: Json) -> list[Row]:
    """Heartbeats, receipts and the like: kept, for who looks closely."""
    facts = {key: value for key, value in event.items() if key not in ("uuid", "session_id")}
    name = event.get("subtype") or event.get("type")
    return [Row(LiveKind.NOTE, {"text": str(name), "level": "debug", "raw": facts})]


def _nothing(_event: Json) -> list[Row]:
    return []


_TYPES: dict[str, Callable[[Json], list[Row]]] = {
    "assistant": _assistant,
    "user": _user,
    "system": _system,
    "result": _nothing,  # the loop's turn_ended row carries it
    "rate_limit_event": _rate_limit,
    "command_lifecycle": _quiet,
    "tool_progress": _quiet,
    "conversation_reset": _reset,
    "hive_unreadable": _unreadable,
    "hive_ended": _ended,
}
_SYSTEM: dict[str, Callable[[Json], list[Row]]] = {
    "init": _init,
    "status": _status,
    "compact_boundary": _compact_boundary,
    "api_retry": _api_retry,
    "task_started": _task("started"),
    "task_progress": _task("running"),
    "task_updated": _task("updated"),
    "task_notification": _task("ended"),
    "background_tasks_changed": _quiet,
    "permission_denied": _denied,
    "model_refusal_no_fallback": _refused,
    "informational": _said,
    "notification": _said,
    "thinking_tokens": _quiet,
    "session_state_changed": _quiet,
    "hook_started": _quiet,
    "hook_response": _quiet,
    "hook_progress": _quiet,
}
