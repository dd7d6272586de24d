"""Reads mail the way the harness renders it into a prompt. What to do with it is for the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = re.compile(r"^(?P<key>[a-z][a-z -]*): *(?P<value>.*)$", re.I)
SENDER = re.compile(r"^from: *(?P<name>\S+)", re.I | re.M)
NUMBER = re.compile(r"#?(\d+)")
SEPARATOR = re.compile(r"^---[ \t]*$", re.M)
REPLY_OPENINGS = ("thank", "re:", "noted", "got it", "written down", "here is what i found")


@dataclass(frozen=True)
class Mail:
    """One message of the inbox; numbers are None where the rendering leaves them out."""

    sender: str
    body: str
    number: int | None = None
    in_reply_to: int | None = None

    @property
    def first_line(self) -> str:
        return next((line.strip() for line in self.body.splitlines() if line.strip()), "")

    @property
    def is_reply(self) -> bool:
        """By its header or, where headers are missing, by how it opens: whoever answers a reply never stops."""
        return self.in_reply_to is not None or self.first_line.lower().startswith(REPLY_OPENINGS)


def mails_in(text: str) -> list[Mail]:
    """Every message in a prompt, in order. A separator inside a body stays part of that body."""
    parts: list[str] = []
    for part in SEPARATOR.split(text):
        if not parts or SENDER.match(part.lstrip()):
            parts.append(part)
        else:
            parts[-1] += f"---{part}"
    return [mail for part in parts if (mail := _mail(part)) is not None]


def _mail(part: str) -> Mail | None:
    start = SENDER.search(part)
    if start is None:
        return None
    head, _, body = part[start.start() :].partition("\n\n")
    lines = (HEADER.match(line) for line in head.splitlines())
    headers = {match["key"].lower(): match["value"] for match in lines if match}
    return Mail(
        sender=start["name"].strip("@,").lower(),
        body=body.strip(),
        number=_number(headers.get("message", "")),
        in_reply_to=_number(headers.get("in reply to", "")),
    )


def _number(value: str) -> int | None:
    found = NUMBER.search(value)
    return int(found[1]) if found else None
