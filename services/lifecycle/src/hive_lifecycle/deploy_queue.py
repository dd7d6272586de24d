"""When an approved deploy may begin: one at a time on an agent, and behind any other action on it."""

from hive_wire.approvals import ApprovalKind
from hive_wire.errors import Refusal
from sqlalchemy import Connection

from hive_lifecycle import actions, agents, deploys, spawning
from hive_lifecycle.actions import Action, Kind
from hive_lifecycle.deploys import Deploy
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.tombstones import rows as tombstones


def begin_next(connection: Connection, agent: str, plan: PortPlan, now: int, *, kept: bool = False) -> Action | None:
    """Begin the oldest deploy that waits for that agent, when nothing else is done to it.

    Those that can't begin any more end as failed. `kept`: something of an earlier agent of that name is there.
    """
    if actions.in_flight(connection, agent) is not None:
        return None
    for deploy in deploys.queued(connection, agent):
        try:
            action = _begin(connection, deploy, plan, now, kept)
        except Refusal as refusal:
            deploys.finish(connection, deploy, now, refusal.message)
            if agents.find(connection, agent) is not None:
                agents.tell(connection, agent)
        else:
            deploys.begin(connection, deploy)
            agents.tell(connection, agent)
            return action
    return None


def _begin(connection: Connection, deploy: Deploy, plan: PortPlan, now: int, kept: bool) -> Action:
    if deploy.kind is ApprovalKind.SPAWN:
        spawning.check_form(deploy.agent, None)
        port = spawning.check_free(connection, deploy.agent, plan, kept=kept, draft=True, revives=deploy.revives)
        tombstones.remove(connection, deploy.agent)
        agents.add(connection, deploy.agent, port, now)
        kind = Kind.SPAWN
    else:
        agents.get(connection, deploy.agent)
        kind = Kind.DEPLOY
    return actions.begin(connection, deploy.agent, kind, deploy.requested_by, now, approval=deploy.approval)
