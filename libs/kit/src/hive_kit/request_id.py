"""The id that a request carries through every service it touches, for the logs."""

import secrets
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("hive_request_id", default="")


def current_request_id() -> str:
    """The id of the request in hand; a new one where there is none."""
    return _request_id.get() or begin_request()


def begin_request(request_id: str | None = None) -> str:
    """Go on under `request_id`, or under a new id; it holds for the current task and what it starts."""
    chosen = request_id or secrets.token_hex(8)
    _request_id.set(chosen)
    return chosen


def known_request_id() -> str | None:
    """The id of the request in hand, or None."""
    return _request_id.get() or None
