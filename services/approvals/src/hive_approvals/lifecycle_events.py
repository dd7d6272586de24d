"""Lifecycle's events and their effect on approvals: each once, in one transaction with its id."""

from datetime import datetime

from hive_kit.ledger import Ledger
from hive_kit.stream import Envelope
from hive_wire import lifecycle
from hive_wire.approvals import ApprovalKind
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_approvals import decisions

LEDGER = Ledger("hive.evt.lifecycle.>")
HEARD = frozenset(event.subject for event in (lifecycle.DEPLOY_STARTED, lifecycle.DEPLOY_FINISHED, lifecycle.REMOVED))
"""Events with an effect. The others, which are many, are passed over without a trace."""


def take_in(connection: Connection, envelope: Envelope, now: datetime) -> None:
    """Give an event its effect, unless it had it already. An event that can't be read has none."""
    if not LEDGER.enter(connection, envelope):
        return
    try:
        _apply(connection, envelope, now)
    except ValidationError:
        return


def _apply(connection: Connection, envelope: Envelope, now: datetime) -> None:
    if envelope.subject == lifecycle.DEPLOY_STARTED.subject:
        decisions.started(connection, lifecycle.DeployProgress.model_validate_json(envelope.payload), now)
    elif envelope.subject == lifecycle.DEPLOY_FINISHED.subject:
        decisions.finished(connection, lifecycle.DeployProgress.model_validate_json(envelope.payload))
    elif envelope.subject == lifecycle.REMOVED.subject:
        name = lifecycle.AgentName.model_validate_json(envelope.payload).name
        decisions.supersede_all(connection, name, ApprovalKind.APPLY_COMMIT, f"the agent {name!r} is gone", now)
