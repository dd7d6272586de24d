"""The swarm's flake as deploys, rebuilds and destroys leave it, and its lock as views show it."""

import shutil
import sqlite3
from contextlib import closing

import pygit2
import pytest
from hive_kit.testing import eventually
from hive_wire import lifecycle, rollouts
from hive_wire.lifecycle import ContainerState
from hive_wire.model import Empty


def history(hive) -> list[str]:
    """The log of the swarm's flake, the oldest first."""
    repository = pygit2.Repository(str(hive.state / "meta"))
    return [commit.message.splitlines()[0] for commit in repository.walk(repository.head.target)][::-1]


@pytest.mark.spec("MET-2", door="wire")
async def test_the_log_of_the_flake_is_the_swarms_history_of_deploys(hive) -> None:
    await hive.start_revoker()
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)
    await hive.spawned("coder")
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    before = history(hive)
    await hive.approve(8, "coder", {"model": "refused"})
    assert not (await hive.finished(8)).ok
    assert history(hive) == before, "what failed was never in force"
    assert not list((hive.state / "meta.prepared").glob("*"))
    await hive.done(await hive.do(lifecycle.REBUILD, "coder"))
    await hive.approve(9, "coder", {"model": "opus"})
    assert (await hive.finished(9)).ok
    assert (await hive.ended(await hive.do(lifecycle.DESTROY, "coder"))).ok
    assert history(hive)[-5:] == [
        f"spawn agent-manager: {hive.commit(0)}",
        f"spawn agent-coder: {hive.commit(0)}",
        f"deploy agent-coder: {hive.commit(7)} (approval 7)",
        f"deploy agent-coder: {hive.commit(9)} (approval 9)",
        "remove agent-coder",
    ]


@pytest.mark.spec("MET-5", door="wire")
async def test_a_broken_lock_shows_no_revision_and_breaks_nothing(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.terminate()
    (hive.state / "meta" / "flake.lock").write_text("{")
    objects, away = hive.state / "meta" / ".git" / "objects", hive.state / "objects"
    objects.rename(away)  # so that it can't be put right
    await hive.start()
    await hive.until("coder", revision=None)
    await hive.done(await hive.do(lifecycle.RESTART, "coder"))
    await hive.approve(7, "coder", {"model": "opus"})
    assert (await hive.finished(7)).ok
    assert (await hive.until("coder", transient=None)).container is ContainerState.RUNNING
    assert hive.report("coder")["settings"]["model"] == "opus"
    shutil.rmtree(objects, ignore_errors=True)
    away.rename(objects)
    view = await hive.done(await hive.do(lifecycle.REBUILD, "coder"))
    assert view.revision == hive.commit(7)


async def test_agents_from_before_there_was_a_flake_are_in_it_after_the_next_start(hive) -> None:
    await hive.start()
    await hive.spawned("coder")
    await hive.terminate()
    shutil.rmtree(hive.state / "meta")
    with closing(sqlite3.connect(hive.state / "lifecycle.db")) as database:
        database.execute("UPDATE agents SET commit_id = NULL, locked = NULL, built_with = NULL")
        database.commit()
    await hive.start()

    async def known() -> dict[str, str]:
        state = await (await hive.nats.bus("operator")).call(rollouts.INPUTS, Empty())
        return {found.name: found.revision for found in state.inputs if found.agent}

    assert (await hive.until("coder", revision=hive.commit(0))).container is ContainerState.RUNNING
    wanted = {"agent-coder": hive.commit(0), "agent-manager": hive.commit(0)}
    await eventually(known, lambda inputs: inputs == wanted)
    assert history(hive)[-1].startswith("begin with")
