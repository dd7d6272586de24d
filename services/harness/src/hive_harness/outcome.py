"""How a turn ended, decided from what Claude Code said about it.

The result's `subtype` is never looked at: it reads `success` for most failures of the model's API.
What follows from an outcome is the turn loop's to decide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

Raw = Mapping[str, Any]
"""One event of Claude Code as it came. Any: its fields differ by type and version."""

_LOGIN_STATUSES = frozenset({401, 403})
_OUTAGE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LOGIN_WORDS = ("not logged in", "please run /login", "invalid api key")
_NETWORK_WORDS = ("connection refused", "connection error", "connection reset", "unable to connect", "timed out")


class Result(StrEnum):
    """The kinds of end that the loop tells apart."""

    OK = "ok"
    PROMPT_TOO_LONG = "prompt_too_long"
    API_OUTAGE = "api_outage"
    PROVIDER_LIMIT = "provider_limit"
    NEEDS_LOGIN = "needs_login"
    CANCELLED = "cancelled"
    KILLED = "killed"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """How a turn ended, with a sentence for people and, for a provider's limit, when it ends."""

    result: Result
    reason: str | None = None
    resets_at: datetime | None = None

    @property
    def ok(self) -> bool:
        """Whether the turn's mail may be acked."""
        return self.result is Result.OK


def is_auth_failure(event: Raw) -> bool:
    """Whether this event says that the login is refused; Claude Code would retry for minutes."""
    if event.get("type") == "system" and event.get("subtype") == "api_retry":
        return event.get("error") == "authentication_failed" or event.get("error_status") in _LOGIN_STATUSES
    return event.get("type") == "assistant" and event.get("error") == "authentication_failed"


def decide(result: Raw, events: Iterable[Raw] = ()) -> Outcome:
    """The outcome of a turn from its result event and what came before it in the turn."""
    seen = list(events)
    reason = _reason(result)
    terminal = str(result.get("terminal_reason") or "")
    status = result.get("api_error_status")
    if terminal.startswith("aborted"):
        return _aborted(seen, reason)
    if not result.get("is_error"):
        return Outcome(Result.OK)
    if terminal == "prompt_too_long":
        return Outcome(Result.PROMPT_TOO_LONG, reason)
    if status in _LOGIN_STATUSES or any(word in reason.lower() for word in _LOGIN_WORDS):
        return Outcome(Result.NEEDS_LOGIN, reason)
    limit = _rejected_limit(seen)
    if limit is not None:
        return Outcome(Result.PROVIDER_LIMIT, reason, limit)
    if terminal == "api_error" and _is_outage(status, reason, seen):
        return Outcome(Result.API_OUTAGE, reason)
    return Outcome(Result.FAILED, reason)


def _aborted(events: list[Raw], reason: str) -> Outcome:
    if any(is_auth_failure(event) for event in events):
        return Outcome(Result.NEEDS_LOGIN, "the model's API refused the login")
    return Outcome(Result.CANCELLED, reason)


def _reason(result: Raw) -> str:
    errors = cast("list[Any] | None", result.get("errors"))  # Any: strings so far
    text = result.get("result") or "; ".join(str(error) for error in errors or ())
    return str(text or result.get("terminal_reason") or "no reason given")[:2000]


def _is_outage(status: object, reason: str, events: list[Raw]) -> bool:
    if status is not None:
        return status in _OUTAGE_STATUSES
    if any(event.get("subtype") == "model_refusal_no_fallback" for event in events):
        return False
    retried = any(event.get("subtype") == "api_retry" for event in events)
    return retried or any(word in reason.lower() for word in _NETWORK_WORDS)


def _rejected_limit(events: list[Raw]) -> datetime | None:
    for event in reversed(events):
        if event.get("type") != "rate_limit_event":
            continue
        info = cast("dict[str, Any]", event.get("rate_limit_info") or {})  # Any: numbers and strings
        resets_at = info.get("resetsAt")
        if info.get("status") == "rejected" and isinstance(resets_at, int | float):
            return datetime.fromtimestamp(resets_at, tz=UTC)
    return None
