"""The tap: every request of the swarm paired with its reply, by the inbox that the reply comes to.

Reads everything that the operator may hear; shows no secret (`masking`)."""

import time
from dataclasses import dataclass
from typing import Any

from hive_kit.bus.connection import DEADLINE_HEADER, ERROR_CODE_HEADER, REQUEST_ID_HEADER
from hive_wire import catalog, subjects
from hive_wire.errors import ErrorBody
from nats.aio.msg import Msg

from hive_cli.masking import Json, masked

GRACE_SECONDS = 0.5
# For a request without a deadline.
LONGEST_SECONDS = 200.0


@dataclass(frozen=True)
class Question:
    """A request that waits for its reply."""

    at: float
    until: float
    subject: subjects.RequestSubject
    request: Json
    request_id: str | None


@dataclass(frozen=True)
class Exchange:
    """A request with what came of it: `ok`, an error code, or `unanswered`."""

    at: float
    caller: str
    service: str
    verb: str
    agent: str | None
    outcome: str
    milliseconds: float | None
    request: Json
    reply: Json
    request_id: str | None


class Tap:
    """Pairs messages as they come; an exchange is handed out once."""

    def __init__(self) -> None:
        self._open: dict[str, Question] = {}

    def asked(self, message: Msg) -> None:
        parts = subjects.parse_request(message.subject)
        if parts is None or not message.reply:
            return
        verb = catalog.verb(parts.service, parts.verb)
        headers = message.headers or {}
        now = time.time()
        self._open[message.reply] = Question(
            at=now,
            until=_deadline(headers.get(DEADLINE_HEADER), now),
            subject=parts,
            request=masked(verb.request if verb else None, message.data or b"{}", "validation"),
            request_id=headers.get(REQUEST_ID_HEADER),
        )

    def answered(self, message: Msg) -> Exchange | None:
        question = self._open.pop(message.subject, None)
        if question is None:
            return None
        headers = message.headers or {}
        elapsed = (time.time() - question.at) * 1000
        if headers.get("Status") == "503":
            return _exchange(question, "unavailable", elapsed, None)
        if code := headers.get(ERROR_CODE_HEADER):
            return _exchange(question, code, elapsed, masked(ErrorBody, message.data, "serialization"))
        verb = catalog.verb(question.subject.service, question.subject.verb)
        return _exchange(question, "ok", elapsed, masked(verb.reply if verb else None, message.data, "serialization"))

    def overdue(self) -> list[Exchange]:
        """Requests whose caller has given up waiting."""
        now = time.time()
        late = [inbox for inbox, question in self._open.items() if question.until < now]
        return [_exchange(self._open.pop(inbox), "unanswered", None, None) for inbox in late]


def _exchange(question: Question, outcome: str, milliseconds: float | None, reply: Json) -> Exchange:
    parts = question.subject
    return Exchange(
        at=question.at,
        caller=parts.principal,
        service=parts.service,
        verb=parts.verb,
        agent=parts.agent,
        outcome=outcome,
        milliseconds=None if milliseconds is None else round(milliseconds, 2),
        request=question.request,
        reply=reply,
        request_id=question.request_id,
    )


def _deadline(header: Any, now: float) -> float:  # Any: a header as it came
    try:
        return min(float(header), now + LONGEST_SECONDS) + GRACE_SECONDS
    except (TypeError, ValueError):
        return now + LONGEST_SECONDS
