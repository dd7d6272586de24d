"""Starts lifecycle: its database, its runtime, what was cut off, its verbs, its watch, what it follows."""

import asyncio

from hive_kit.host import Host, run
from hive_kit.identity import SigningKey
from hive_wire.errors import ErrorCode, Refusal

from hive_lifecycle.approved import ApprovedFeed
from hive_lifecycle.bus import service_of
from hive_lifecycle.bus.agents import AgentsDoor
from hive_lifecycle.bus.builds import BuildsDoor
from hive_lifecycle.bus.logins import LoginsDoor
from hive_lifecycle.bus.logs import LogsDoor
from hive_lifecycle.bus.names import NamesDoor
from hive_lifecycle.bus.rollouts import RolloutsDoor
from hive_lifecycle.bus.tombstones import TombstonesDoor
from hive_lifecycle.credentials import Credentials
from hive_lifecycle.drafts import Drafts
from hive_lifecycle.flake_source import open_flake
from hive_lifecycle.journals import Journals
from hive_lifecycle.layout import Layout
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.reports import Reports
from hive_lifecycle.retention import Retention
from hive_lifecycle.rollouts.rolling_out import RollingOut
from hive_lifecycle.runner import Runner
from hive_lifecycle.runtimes import LocalRuntime, NixosRuntime, Runtime, find_sandbox
from hive_lifecycle.secrets import Secrets
from hive_lifecycle.settings import LifecycleSettings
from hive_lifecycle.steps import Steps
from hive_lifecycle.tombstones.keeping import Keeping
from hive_lifecycle.watch import Watch


async def compose(host: Host[LifecycleSettings]) -> None:
    """Open and start everything."""
    settings = host.settings
    runtime = await asyncio.to_thread(_open_runtime, settings)
    layout = Layout(settings.state.absolute())
    group = settings.uids.group if runtime.capabilities().separate_users else None
    await asyncio.to_thread(layout.make_trees, group)
    keys = Credentials(SigningKey.load(settings.agent_signing_key), SigningKey.load(settings.manager_signing_key))
    database = await host.open_database("hive_lifecycle")
    secrets = Secrets(settings.database.parent / "secrets")
    meta = open_flake(settings, layout, runtime)
    steps = Steps(settings, database, host.bus, runtime, layout, keys, secrets, meta)
    plan = settings.agent_ports
    ports = PortPlan(plan.manager, plan.first, plan.last)
    runner = Runner(steps, ports)
    rolling_out, keeping = RollingOut(runner), Keeping(runner)
    host.stack.push_async_callback(runner.stop)
    await host.relay_events(database)
    watch = Watch(runner)
    host.background(watch.run(), "watch")
    host.background(steps.lock.keep(), "flake")
    await runner.recover()
    doors = (
        AgentsDoor(runner),
        NamesDoor(Drafts(steps, ports)),
        LoginsDoor(steps),
        LogsDoor(steps, Journals(runtime)),
        BuildsDoor(database),
        RolloutsDoor(rolling_out),
        TombstonesDoor(keeping),
    )
    await host.answer(service_of(host.bus, *doors))
    host.background(ApprovedFeed(host.bus, runner).run(), "approved")
    reports = Reports(host.bus, steps)
    host.background(reports.run(), "reports")
    host.background(rolling_out.run(), "rollouts")
    host.background(keeping.run(), "tombstones")
    host.background(Retention(steps).run(), "retention")
    if settings.update_automatically:
        host.background(rolling_out.update_automatically(reports.asked), "automatic update")


def _open_runtime(settings: LifecycleSettings) -> Runtime:
    """Refuses `unavailable` where a sandbox is required and can't be had."""
    if settings.runtime.kind == "nixos":
        return NixosRuntime(settings.state.absolute() / "nixos", settings.runtime.nixos)
    root = settings.state.absolute() / "runtime"
    if settings.runtime.sandbox == "unsafe":
        return LocalRuntime(root, None)
    check = find_sandbox()
    if check.sandbox is None:
        how = f"; get it with: {check.command}" if check.command else ""
        raise Refusal(ErrorCode.UNAVAILABLE, f"no working sandbox for agents ({check.reason}){how}")
    return LocalRuntime(root, check.sandbox)


if __name__ == "__main__":
    run(LifecycleSettings.from_arguments(), compose)
