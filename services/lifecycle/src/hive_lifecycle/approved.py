"""Approvals that are released to lifecycle: heard of in the event stream, each kept once, in one transaction with its
event's id and the position in the stream.
"""

import asyncio
from dataclasses import dataclass

import structlog
from hive_kit.bus import Bus
from hive_kit.faults import point
from hive_kit.ledger import Ledger, write_persistently
from hive_kit.stream import Envelope
from hive_wire.approvals import APPROVED, ApprovalChanged, Approved
from hive_wire.errors import Refusal
from pydantic import ValidationError
from sqlalchemy import Connection

from hive_lifecycle import agents, clock, deploys
from hive_lifecycle.runner import Runner

log = structlog.get_logger()

LEDGER = Ledger(APPROVED.subject)


@dataclass(frozen=True)
class ApprovedFeed:
    """Follows approvals's events."""

    bus: Bus
    runner: Runner

    async def run(self) -> None:
        """Until cancelled."""
        database = self.runner.steps.database
        async for envelope in LEDGER.events(self.bus, database):
            agent = await write_persistently(database, lambda c, envelope=envelope: take_in(c, envelope, clock.now()))
            point("deploy.queued:after")
            if agent is not None:
                await self._begin(agent)

    async def _begin(self, agent: str) -> None:
        """Begin what waits for that agent; on a full disk, again until it fits."""
        while True:
            try:
                await self.runner.begin_deploy(agent)
            except Refusal as refusal:
                log.warning("approved_waits", code=refusal.code)
                await asyncio.sleep(1.0)
            else:
                return


def take_in(connection: Connection, envelope: Envelope, now: int) -> str | None:
    """Keep what an event asks for, unless it is kept already. The agent for which something waits."""
    if LEDGER.enter(connection, envelope):
        _keep(connection, envelope, now)
    try:
        agent = ApprovalChanged.model_validate_json(envelope.payload).approval.agent
    except ValidationError:
        return None
    if agents.find(connection, agent) is not None:
        agents.tell(connection, agent)
    return agent


def _keep(connection: Connection, envelope: Envelope, now: int) -> None:
    try:
        approved = Approved.model_validate_json(envelope.payload)
    except ValidationError as error:
        log.error("approved_not_understood", event_id=envelope.id, error=str(error))
        _refuse(connection, envelope, now, error)
        return
    if deploys.queue(connection, approved.approval, approved.config.model_dump_json(), now) is None:
        deploys.tell_again(connection, approved.approval.id)


def _refuse(connection: Connection, envelope: Envelope, now: int, error: ValidationError) -> None:
    """Tell approvals that it can't be carried out, as far as it can be told of what."""
    try:
        approval = ApprovalChanged.model_validate_json(envelope.payload).approval
    except ValidationError:
        return
    first = error.errors()[0]
    text = f"lifecycle can't read its configuration ({'.'.join(map(str, first['loc']))}: {first['msg']})"
    deploy = deploys.queue(connection, approval, "{}", now)
    if deploy is not None:
        deploys.finish(connection, deploy, now, text)
