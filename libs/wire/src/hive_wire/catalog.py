"""All verbs and events in one place, for whatever is derived from them."""

from typing import Any

from hive_wire import agent, approvals, broker, builds, dashboard, lifecycle, revoker, rollouts, tombstones
from hive_wire.verb import Event, Verb

VERBS: tuple[Verb[Any, Any], ...] = (
    *broker.VERBS,
    *lifecycle.VERBS,
    *builds.VERBS,
    *rollouts.VERBS,
    *tombstones.VERBS,
    *approvals.VERBS,
    *revoker.VERBS,
    *dashboard.VERBS,
    *agent.VERBS,
)
EVENTS: tuple[Event[Any], ...] = (
    *broker.EVENTS,
    *lifecycle.EVENTS,
    *builds.EVENTS,
    *rollouts.EVENTS,
    *tombstones.EVENTS,
    *approvals.EVENTS,
)


def verb(service: str, name: str) -> Verb[Any, Any] | None:
    """The verb of that service and name."""
    return next((v for v in VERBS if v.service == service and v.name == name), None)


def event(subject: str) -> Event[Any] | None:
    """The event that is published on `subject`."""
    return next((e for e in EVENTS if e.subject == subject), None)
