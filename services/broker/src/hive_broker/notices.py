"""What happened elsewhere and somebody's inbox should know: each event told once, in one transaction with its id."""

from datetime import datetime

from hive_kit.ledger import Ledger
from hive_kit.stream import Envelope
from hive_wire.subjects import STREAM
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_broker.helper_mail import is_told, mail_for
from hive_broker.messages import tell

LEDGERS = (Ledger("hive.evt.lifecycle.>"), Ledger("hive.evt.approvals.>", f"{STREAM}:approvals"))
"""The events that are followed."""


def take_in(connection: Connection, ledger: Ledger, envelope: Envelope, now: datetime) -> list[str]:
    """Give an event its effect, unless it had it already; returns whose inbox got mail.

    An event that can't be read has no effect.
    """
    if not is_told(envelope.subject):
        ledger.move_to(connection, envelope.position)
        return []
    if not ledger.enter(connection, envelope):
        return []
    try:
        mail = mail_for(envelope.subject, envelope.payload)
    except ValidationError:
        return []
    for each in mail:
        tell(connection, each.to, each.body, now)
    return [each.to for each in mail]
