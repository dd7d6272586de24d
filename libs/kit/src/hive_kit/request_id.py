"""The id that a request carries through every service it touches, for the logs."""

import re
import secrets
from contextvars import ContextVar

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_request_id: ContextVar[str] = ContextVar("hive_request_id", default="")


def current_request_id() -> str:
    """The id of the request in hand; a new one where there is none."""
    return _request_id.get() or begin_request()


def begin_request(request_id: str | None = None) -> str:
    """Go on under `request_id`, or under a new id; it holds for the current task and what it starts.

    An id that is no short word of letters, digits, `-` and `_` is replaced: callers choose theirs, and logs are read.
    """
    chosen = request_id if request_id and _ID.fullmatch(request_id) else secrets.token_hex(8)
    _request_id.set(chosen)
    return chosen


def known_request_id() -> str | None:
    """The id of the request in hand, or None."""
    return _request_id.get() or None
