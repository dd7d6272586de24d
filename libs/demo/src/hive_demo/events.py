"""What the demo's agents do with mail from the system: helper events and reminders.

Nothing here sends mail because of an event: an answer to an event could make another one, without end.
"""

from __future__ import annotations

import json
from typing import Any, cast

from hive_demo.desk import Desk, Errand, send, shortened, use
from hive_demo.mail import Mail
from hive_demo.wishes import TELL


def heed(desk: Desk, mail: Mail, first: int) -> Errand:
    """An event is understood, a question of another agent answered, a reminder for the operator passed on."""
    event = _event(mail.body)
    if event is None:
        return _reminded(desk, mail)
    if event["event"] == "question_asked" and desk.has("answer"):
        options = event.get("options") or ["Yes, as far as I can see."]
        step = use("answer", f"{event.get('asker')} asks me something.", id=event["id"], answer=str(options[0]))
        return Errand((step,), f"Answered {event.get('asker')}: {shortened(str(options[0]))}")
    return Errand((), _understood(event))


def _reminded(desk: Desk, mail: Mail) -> Errand:
    place = mail.body.find(TELL)
    if place < 0:
        return Errand((), f"Understood: {shortened(mail.first_line)}")
    what = shortened(mail.body[place + len(TELL) :].split("\n", 1)[0])
    return Errand(tuple(send("operator", f"You wanted to be reminded: {what}")), f"Reminded the operator: {what}")


def _event(body: str) -> dict[str, Any] | None:  # Any: fields differ by event
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return cast("dict[str, Any]", event) if isinstance(event, dict) and "event" in event else None


def _understood(event: dict[str, Any]) -> str:  # Any: as above
    name, agent = event["event"], event.get("agent")
    if name == "question_answered":
        return f"The answer to question #{event.get('id')} is “{shortened(str(event.get('answer')))}”. Good to know."
    if name == "approval_resolved":
        note = f" ({shortened(str(event['note']))})" if event.get("note") else ""
        return f"Approval #{event.get('id')} about {agent} is {event.get('status')}{note}."
    failed = f", but it failed: {shortened(str(event['error']))}" if event.get("error") else ""
    return f"Understood: {agent or 'something'} {str(name).replace('_', ' ')}{failed}."
