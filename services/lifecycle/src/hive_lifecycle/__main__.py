"""Starts lifecycle: its database, its runtime, what was cut off, its verbs, its watch, what it follows."""

import asyncio

from hive_kit.host import Host, run
from hive_kit.identity import SigningKey
from hive_wire.errors import ErrorCode, Refusal

from hive_lifecycle.approved import ApprovedFeed
from hive_lifecycle.bus import LifecycleDoor
from hive_lifecycle.credentials import Credentials
from hive_lifecycle.drafts import Drafts
from hive_lifecycle.layout import Layout
from hive_lifecycle.ports import PortPlan
from hive_lifecycle.reports import Reports
from hive_lifecycle.runner import Runner
from hive_lifecycle.runtimes import LocalRuntime, Runtime, find_sandbox
from hive_lifecycle.secrets import Secrets
from hive_lifecycle.settings import LifecycleSettings
from hive_lifecycle.steps import Steps
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
    steps = Steps(settings, database, host.bus, runtime, layout, keys, secrets)
    plan = settings.agent_ports
    ports = PortPlan(plan.manager, plan.first, plan.last)
    runner = Runner(steps, ports)
    host.stack.push_async_callback(runner.stop)
    await host.relay_events(database)
    watch = Watch(runner)
    host.background(watch.run(), "watch")
    await runner.recover()
    await host.answer(LifecycleDoor(runner, Drafts(steps, ports)).service())
    host.background(ApprovedFeed(host.bus, runner).run(), "approved")
    host.background(Reports(host.bus, steps).run(), "reports")


def _open_runtime(settings: LifecycleSettings) -> Runtime:
    """Refuses `unavailable` where a sandbox is required and can't be had."""
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
