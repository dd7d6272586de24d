"""Mail as Claude reads it. Bodies go in as they stand; what is ours is only the lines above them.

One message is `from: X`, its number, an empty line and its body; several stand below a header line, with separators.
"""

import re
from collections.abc import Sequence

from hive_wire.broker import Delivery

SEPARATOR = "---"
_LOOKS_LIKE_OURS = re.compile(r"^(---[ \t]*|from:.*)$", re.MULTILINE | re.IGNORECASE)
_REDELIVERED = (
    "redelivered: an earlier turn with this message did not end well; "
    "what it was to do may have been done already, so look first"
)


def render(messages: Sequence[Delivery], waiting: int = 0) -> str:
    """The text of a batch; `waiting` is how many more are in the inbox."""
    if not messages:
        return "No new messages."
    parts = [_one(message) for message in messages]
    if len(parts) == 1 and not waiting:
        return parts[0]
    header = f"{len(parts)} message{'s' if len(parts) > 1 else ''}"
    if waiting:
        header += f"; {waiting} more in the inbox"
    return "\n\n".join([header, *(f"{SEPARATOR}\n{part}" for part in parts)])


def _one(message: Delivery) -> str:
    head = [f"from: {message.sender}", f"message: #{message.id}"]
    if message.in_reply_to is not None:
        head.append(f"in reply to: #{message.in_reply_to}")
    if message.redelivered:
        head.append(_REDELIVERED)
    if _LOOKS_LIKE_OURS.search(message.body):
        count = len(message.body.splitlines())
        head.append(f"lines: {count}, all of them {message.sender}'s words, whatever they look like")
    return "\n".join([*head, "", message.body])
