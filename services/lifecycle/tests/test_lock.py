"""What the lock says, as it comes into the agents' rows. A real flake, a real database, no service."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pygit2
import pytest
from hive_kit.database import Database, migrate
from hive_lifecycle import actions, agents, clock
from hive_lifecycle.actions import Kind
from hive_lifecycle.branches import find_pin, whole_id
from hive_lifecycle.lock import Lock, hyperhive_at
from hive_lifecycle.meta import Meta, Pin, PlainLocker
from hive_wire.lifecycle import NEEDS_UPDATE, ContainerState

_AUTHOR = pygit2.Signature("hyperhive", "hyperhive@localhost", 1_700_000_000, 0)


def commit(folder: Path, text: str, branch: str = "main", file: str = "flake.nix") -> str:
    """One more commit on that branch; its id."""
    repository = pygit2.init_repository(str(folder), initial_head="main")
    found = repository.references.get(f"refs/heads/{branch}")
    parents = [] if found is None else [found.target]
    files = repository.TreeBuilder()
    files.insert(file, repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB)
    made = repository.create_commit(None, _AUTHOR, _AUTHOR, text, files.write(), parents)
    repository.references.create(f"refs/heads/{branch}", made, force=True)
    return str(made)


@pytest.fixture
async def database(tmp_path) -> AsyncGenerator[Database]:
    migrate(tmp_path / "lifecycle.db", "hive_lifecycle")
    opened = Database(tmp_path / "lifecycle.db")
    yield opened
    opened.close()


@pytest.fixture
async def lock(tmp_path, database) -> Lock:
    """Of a flake that has no agents yet."""

    async def digest(agent: agents.Agent) -> str | None:
        return f"settings of {agent.name}"

    commit(tmp_path / "hyperhive", "one")
    meta = Meta(tmp_path / "meta", tmp_path / "applied", f"git+file://{tmp_path}/hyperhive", PlainLocker())
    return Lock(database, meta, tmp_path / "applied", digest)


async def add(lock: Lock, name: str, **columns) -> str:
    """A running agent with a deployed commit; its id."""
    deployed = commit(lock.applied / name, name)
    known = {"container": ContainerState.RUNNING, "commit_id": deployed, "revision": deployed[:12]}

    def work(connection) -> None:
        agents.add(connection, name, 8100, clock.now())
        agents.change(connection, name, **(known | columns))

    await lock.database.write(work)
    return deployed


async def row(lock: Lock, name: str) -> agents.Agent:
    return await lock.database.read(lambda c: agents.get(c, name))


async def notices(lock: Lock) -> int:
    def count(connection) -> int:
        return connection.exec_driver_sql(
            "SELECT count(*) FROM outbox WHERE subject = ?", (NEEDS_UPDATE.subject,)
        ).scalar_one()

    return await lock.database.read(count)


async def test_the_revision_shown_is_what_the_lock_says(lock) -> None:
    deployed = await add(lock, "coder")
    assert (await row(lock, "coder")).locked is None
    await lock.ensure()
    assert (await row(lock, "coder")).locked == deployed[:12]
    (lock.meta.folder / "flake.lock").write_text("{")
    await lock.refresh()
    assert ((await row(lock, "coder")).locked, lock.hyperhive) == (None, None)
    assert await lock.outdated() == []
    (lock.meta.folder / "flake.lock").unlink()
    await lock.ensure()
    assert (await row(lock, "coder")).locked == deployed[:12]


async def test_agents_need_an_update_when_hyperhive_has_moved_since_they_were_built(lock, tmp_path) -> None:
    await lock.ensure()
    built_with = hyperhive_at(lock.meta.folder)
    await add(lock, "coder", built_with=built_with, needs_update=0, started_with="settings of coder")
    await add(lock, "writer", built_with=built_with, container=ContainerState.STOPPED)
    await add(lock, "old", built_with=built_with, started_with="something else")
    await lock.refresh()
    assert await lock.outdated() == ["old"]
    assert await notices(lock) == 0
    commit(tmp_path / "hyperhive", "two")
    await lock.refresh()
    assert await lock.outdated() == ["old"], "the lock has not moved yet"
    await lock.meta.prepare("rollout-1", {}, update=["hyperhive"])
    await lock.meta.finalize("rollout-1", "lock update: hyperhive")
    await lock.refresh()
    assert await lock.outdated() == ["coder", "old", "writer"]
    assert (await row(lock, "coder")).needs_update
    assert await notices(lock) == 1


async def test_the_flake_is_brought_in_line_with_the_list_of_agents_and_what_was_left_behind_goes(lock) -> None:
    deployed = await add(lock, "coder")
    gone = commit(lock.applied / "gone", "gone")
    await lock.meta.ensure({"gone": Pin(gone)})
    open_one = await lock.database.write(lambda c: actions.begin(c, "coder", Kind.REBUILD, "operator", 1))
    for key in (open_one.key, "action-99", "action-99-back", "rollout-7"):
        await lock.meta.prepare(key, {"coder": Pin(deployed)})
    await lock.ensure()
    assert await lock.meta.revisions() == {"coder": deployed}
    assert await lock.meta.leftovers() == [open_one.key, "rollout-7"]


async def test_an_agent_that_is_being_made_stays_in_the_flake_once_it_is_in_it(lock) -> None:
    deployed = await add(lock, "coder", commit_id=None, revision=None)
    await lock.meta.ensure({"coder": Pin(deployed)})
    await add(lock, "writer", commit_id=None, revision=None)
    await lock.ensure()
    assert await lock.meta.revisions() == {"coder": deployed}


async def test_the_flake_is_not_made_to_fit_while_an_agent_comes_into_it(lock) -> None:
    deployed = await add(lock, "coder", commit_id=None)
    async with lock.changing():
        (lock.meta.folder / "flake.lock").unlink()
        ensuring = asyncio.create_task(lock.ensure())
        await lock.meta.prepare("action-1", {"coder": Pin(deployed)})
        await lock.meta.finalize("action-1", "spawn agent-coder")
        (lock.meta.folder / "flake.lock").unlink()
        await lock.database.write(lambda c: agents.change(c, "coder", commit_id=deployed))
    await ensuring
    assert await lock.meta.revisions() == {"coder": deployed}


async def test_agents_from_before_the_flake_are_known_by_the_beginning_of_their_commit(lock) -> None:
    deployed = await add(lock, "coder", commit_id=None)
    await add(lock, "lost", commit_id=None, revision="0123456789ab")
    await lock.ensure()
    assert (await row(lock, "coder")).commit == deployed
    assert (await row(lock, "lost")).commit is None
    assert await lock.meta.revisions() == {"coder": deployed}


def test_a_commit_is_found_on_main_or_on_the_branch_of_its_approval(tmp_path) -> None:
    first = commit(tmp_path, "first")
    second = commit(tmp_path, "second", "build/7")
    assert find_pin(tmp_path, first) == Pin(first, "main")
    assert find_pin(tmp_path, second) == Pin(second, "build/7")
    repository = pygit2.Repository(str(tmp_path))
    repository.references.create("refs/heads/main", pygit2.Oid(hex=second), force=True)
    assert find_pin(tmp_path, second) == Pin(second, "main")
    assert find_pin(tmp_path, "0" * 40) is None
    assert find_pin(tmp_path / "nowhere", first) is None
    assert whole_id(tmp_path, first[:12]) == first
    assert whole_id(tmp_path, "0" * 12) is None
