"""Starts approvals: opens its database, answers its verbs."""

from hive_kit.host import Host, run
from hive_kit.version import VERSION

from hive_approvals.bus import ApprovalsDoor
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.settings import ApprovalsSettings


async def compose(host: Host[ApprovalsSettings]) -> None:
    """Open and start everything."""
    database = await host.open_database("hive_approvals")
    repos = ConfigRepos(host.settings.proposed, host.settings.applied)
    await host.answer(ApprovalsDoor(repos, database).service(host.bus, VERSION))


if __name__ == "__main__":
    run(ApprovalsSettings.from_arguments(), compose)
