"""Which helper event an event of another service becomes, and who is told. Pure; notices.py stores what this says.

The manager hears of everybody's actions but its own; an agent that came up hears that its session goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from hive_wire import approvals, lifecycle
from hive_wire import helper_events as events
from hive_wire.approvals import ApprovalStatus
from hive_wire.names import MANAGER, OPERATOR

ActionName = Literal["spawned", "rebuilt", "started", "stopped", "killed", "destroyed"]
NoticeName = Literal["needs_login", "logged_in", "needs_update"]


@dataclass(frozen=True)
class Mail:
    """A system message to store."""

    to: str
    body: str


def mail_for(subject: str, payload: bytes) -> list[Mail]:
    """What the event on `subject` is to be told as, and to whom. Raises pydantic's ValidationError."""
    translate = _TRANSLATIONS.get(subject)
    return translate(payload) if translate else []


def is_told(subject: str) -> bool:
    """Whether events on `subject` may become mail."""
    return subject in _TRANSLATIONS


def _mail(to: str, event: events.HelperEvent) -> Mail:
    return Mail(to, event.model_dump_json())


def _decided(payload: bytes) -> list[Mail]:
    return _resolution(payload, (ApprovalStatus.APPROVED, ApprovalStatus.DENIED))


def _resolved(payload: bytes) -> list[Mail]:
    """A denial was told when it was decided; a success is told as what it came to: spawned or rebuilt."""
    return _resolution(payload, (ApprovalStatus.FAILED, ApprovalStatus.SUPERSEDED))


def _resolution(payload: bytes, told: tuple[ApprovalStatus, ...]) -> list[Mail]:
    approval = approvals.ApprovalChanged.model_validate_json(payload).approval
    if approval.status not in told:
        return []
    event = events.ApprovalResolved(
        id=approval.id, agent=approval.agent, kind=approval.kind, status=approval.status, note=approval.note
    )
    return [_mail(MANAGER, event)]


def _asked(payload: bytes) -> list[Mail]:
    asked = approvals.QuestionChanged.model_validate_json(payload).question
    if asked.to == OPERATOR:
        return []
    event = events.QuestionAsked(
        id=asked.id,
        asker=asked.asker,
        question=asked.question,
        options=asked.options,
        multi=asked.multi,
        deadline=asked.deadline,
    )
    return [_mail(asked.to, event)]


def _answered(payload: bytes) -> list[Mail]:
    ended = approvals.QuestionChanged.model_validate_json(payload).question
    if ended.outcome is None:
        return []
    event = events.QuestionAnswered(
        id=ended.id,
        question=ended.question,
        answer=ended.answer or "",
        answerer=ended.answerer or "",
        outcome=ended.outcome,
    )
    return [_mail(ended.asker, event)]


def _action(event: ActionName | None, came_up: str | None, payload: bytes) -> list[Mail]:
    """An action ended: the manager hears how, an agent that came up hears that it did."""
    ended = lifecycle.ActionEnded.model_validate_json(payload)
    mail: list[Mail] = []
    if event is not None and ended.agent != MANAGER:
        purged = ended.purged if event == "destroyed" else None
        told = events.AgentEvent(event=event, agent=ended.agent, ok=ended.ok, error=ended.error, purged=purged)
        mail.append(_mail(MANAGER, told))
    if came_up is not None and ended.ok:
        mail.append(Mail(ended.agent, _came_up(came_up)))
    return mail


def _came_up(how: str) -> str:
    return (
        f"You were {how}. Your session continues where it was; "
        "check the notes in your state folder for what you were doing."
    )


def _crashed(payload: bytes) -> list[Mail]:
    crashed = lifecycle.Crashed.model_validate_json(payload)
    if crashed.agent == MANAGER:
        return []
    return [_mail(MANAGER, events.ContainerCrash(agent=crashed.agent, exit=crashed.exit))]


def _notice(event: NoticeName, payload: bytes) -> list[Mail]:
    """The manager without a login can't be told so, and needs no telling afterwards."""
    agent = lifecycle.Notice.model_validate_json(payload).agent
    if agent == MANAGER and event != "needs_update":
        return []
    return [_mail(MANAGER, events.AgentNotice(event=event, agent=agent))]


_TRANSLATIONS: dict[str, Callable[[bytes], list[Mail]]] = {
    approvals.DECIDED.subject: _decided,
    approvals.RESOLVED.subject: _resolved,
    approvals.ASKED.subject: _asked,
    approvals.ANSWERED.subject: _answered,
    lifecycle.SPAWNED.subject: partial(_action, "spawned", None),
    lifecycle.REBUILT.subject: partial(_action, "rebuilt", "rebuilt"),
    lifecycle.STARTED.subject: partial(_action, "started", "started"),
    lifecycle.RESTARTED.subject: partial(_action, None, "restarted"),
    lifecycle.STOPPED.subject: partial(_action, "stopped", None),
    lifecycle.KILLED.subject: partial(_action, "killed", None),
    lifecycle.DESTROYED.subject: partial(_action, "destroyed", None),
    lifecycle.CRASHED.subject: _crashed,
    lifecycle.NEEDS_LOGIN.subject: partial(_notice, "needs_login"),
    lifecycle.LOGGED_IN.subject: partial(_notice, "logged_in"),
    lifecycle.NEEDS_UPDATE.subject: partial(_notice, "needs_update"),
}
