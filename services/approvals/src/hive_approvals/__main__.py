"""Starts approvals: its database, its doors, and what it does in the background."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog
from hive_kit.database import Database
from hive_kit.faults import point
from hive_kit.host import Host, run
from hive_kit.ledger import write_persistently
from hive_kit.version import VERSION
from hive_wire.errors import Refusal

from hive_approvals import approvals, decisions, drafts, history, lifecycle_events
from hive_approvals.agent_locks import AgentLocks
from hive_approvals.asking import Asking
from hive_approvals.bus import service_of
from hive_approvals.bus.decisions import DecisionsDoor
from hive_approvals.bus.loose_ends import LooseEndsDoor
from hive_approvals.bus.questions import QuestionsDoor
from hive_approvals.bus.repos import ReposDoor
from hive_approvals.carrying_out import CarryingOut
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.deadlines import Deadlines
from hive_approvals.deciding import Deciding
from hive_approvals.drafting import Drafting
from hive_approvals.errands import Errands
from hive_approvals.mirror import Mirror
from hive_approvals.mirroring import Mirroring
from hive_approvals.neighbours import Lifecycle
from hive_approvals.rows import now
from hive_approvals.settings import ApprovalsSettings
from hive_approvals.shown import Shown

log = structlog.get_logger()


async def compose(host: Host[ApprovalsSettings]) -> None:
    """Open and start everything."""
    database = await host.open_database("hive_approvals")
    repos, locks = ConfigRepos(host.settings.proposed, host.settings.applied), AgentLocks()
    lifecycle, shown = Lifecycle(host.bus), Shown(repos)
    refs_changed = _mirror(host)
    drafting = Drafting(database, repos, locks, lifecycle, refs_changed)
    carrying_out = CarryingOut(database, repos, locks, refs_changed)
    approval_errands = Errands("approval", database, approvals.unsettled, carrying_out.go_on)
    draft_errands = Errands("draft", database, drafts.unfinished, drafting.go_on)
    await host.relay_events(database)
    decisions_door = DecisionsDoor(
        database,
        Asking(database, repos, locks, lifecycle),
        Deciding(database, repos, locks, lifecycle, shown),
        drafting,
        shown,
        approval_errands,
        draft_errands,
    )
    questions = QuestionsDoor(host.bus, database, repos)
    repos_door = ReposDoor(database, repos, locks, refs_changed)
    loose_ends = LooseEndsDoor(host.bus, database, history.open_ones)
    host.background(approval_errands.run(), "approval errands")
    host.background(draft_errands.run(), "draft errands")
    host.background(_follow_lifecycle(host, database), "lifecycle's events")
    host.background(_release_again(host, database), "releases told again")
    host.background(Deadlines(database).run(), "deadlines")
    await host.answer(service_of(host.bus, VERSION, decisions_door, questions, loose_ends, repos_door))


def _mirror(host: Host[ApprovalsSettings]) -> Callable[[str], None]:
    """Start mirroring where a forge is configured; returns what to tell of changed refs."""
    settings = host.settings
    if settings.forge_url is None:
        return lambda _agent: None
    mirror = Mirror(settings.forge_url, settings.forge_organisation, settings.forge_token_file)
    mirroring = Mirroring(mirror, settings.applied)
    host.background(mirroring.run(), "mirror")
    return mirroring.refs_changed


async def _follow_lifecycle(host: Host[ApprovalsSettings], database: Database) -> None:
    async for envelope in lifecycle_events.LEDGER.events(host.bus, database):
        if envelope.subject in lifecycle_events.HEARD:
            point(f"{envelope.subject.removeprefix('hive.evt.')}:before")
            await write_persistently(
                database, lambda c, envelope=envelope: lifecycle_events.take_in(c, envelope, now())
            )
            point(f"{envelope.subject.removeprefix('hive.evt.')}:after")


async def _release_again(host: Host[ApprovalsSettings], database: Database) -> None:
    patience = host.settings.release_again_seconds
    while True:
        await asyncio.sleep(patience)
        try:
            told = await database.write(lambda c: decisions.release_again(c, now() - timedelta(seconds=patience)))
        except Refusal as refusal:
            log.warning("release_waits", code=refusal.code)
        else:
            if told:
                log.warning("released_again", approvals=told)


if __name__ == "__main__":
    run(ApprovalsSettings.from_arguments(), compose)
