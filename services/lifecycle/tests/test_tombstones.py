"""What is kept of destroyed agents: listed, made agents of again, and purged."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import hive_lifecycle
import pytest
from alembic import command
from alembic.config import Config
from hive_kit.database import Database, migrate
from hive_kit.testing import eventually, some_of
from hive_lifecycle.layout import Layout
from hive_lifecycle.tombstones import rows
from hive_lifecycle.tombstones.measuring import LOGIN, measure
from hive_lifecycle.tombstones.rows import State
from hive_wire import lifecycle
from hive_wire.approvals import ApprovalKind
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, ContainerState, DestroyRequest
from hive_wire.model import Empty
from hive_wire.tombstones import PURGE_TOMBSTONE, TOMBSTONES, Tombstone


async def destroyed(hive, name: str) -> None:
    """An agent with a login and work of its own, destroyed and kept."""
    await hive.spawned(name)
    login = hive.state / "agents" / name / "home" / LOGIN
    login.parent.mkdir(parents=True, exist_ok=True)
    login.write_text("{}")
    (hive.work(name) / "notes").write_bytes(b"x" * 300_000)
    (hive.work(name) / "elsewhere").symlink_to("/usr")
    accepted = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name=name))
    assert (await hive.ended(accepted)).ok


async def tombstones(hive) -> list[Tombstone]:
    return (await hive.operator.call(TOMBSTONES, Empty())).tombstones


async def refusal(bus, verb, name: str, **more: object) -> ErrorCode | None:
    try:
        await bus.call(verb, verb.request(name=name, **more))
    except Refusal as refused:
        return refused.code
    return None


@pytest.mark.spec("LIF-4", door="wire")
async def test_what_is_kept_of_a_destroyed_agent_is_listed_and_can_be_purged(hive) -> None:
    await hive.start()
    await hive.start_revoker()
    assert await refusal(hive.operator, PURGE_TOMBSTONE, "coder") is ErrorCode.UNKNOWN_TOMBSTONE
    await destroyed(hive, "coder")
    made = Tombstone.model_validate(await hive.event("tombstone.made", "coder"))
    assert made.login_kept
    assert 300_000 <= made.size_bytes < 2_000_000
    assert abs((datetime.now(UTC) - made.changed_at).total_seconds()) < 600
    assert await tombstones(hive) == [made]
    dashboard = await hive.nats.bus("dashboard")
    assert (await dashboard.call(lifecycle.SNAPSHOT, Empty())).tombstones == [made]
    assert await refusal(hive.operator, lifecycle.SPAWN, "coder") is ErrorCode.NAME_TAKEN
    assert await refusal(hive.approvals, lifecycle.CHECK_NAME, "coder", draft=True) is ErrorCode.NAME_TAKEN
    assert await refusal(hive.approvals, lifecycle.CHECK_NAME, "coder", revives=True) is None
    assert await refusal(hive.approvals, lifecycle.CHECK_NAME, "poet", revives=True) is ErrorCode.UNKNOWN_TOMBSTONE
    assert await refusal(hive.operator, PURGE_TOMBSTONE, "manager") is ErrorCode.AGENT_EXISTS
    await hive.operator.call(PURGE_TOMBSTONE, AgentName(name="coder"))
    assert_nothing_is_left(hive, "coder")
    await hive.event("tombstone.removed", "coder")
    assert await tombstones(hive) == []
    assert await refusal(hive.operator, PURGE_TOMBSTONE, "coder") is ErrorCode.UNKNOWN_TOMBSTONE
    hive.neighbours.make_repos("coder")
    await hive.approve(7, "coder", {}, ApprovalKind.SPAWN, revives=True)  # it was asked for before
    finished = await hive.finished(7)
    assert (finished.ok, "nothing is kept" in (finished.error or "")) == (False, True)
    await hive.spawned("coder")
    assert not (hive.work("coder") / "notes").exists()


PURGING = [f"purge.{at}" for at in ("ordered:after", "container:before", "container:after", "folders:after")]
PURGING += ["purge.secrets:after", "purge.repos:after"]


@pytest.mark.spec("LIF-9", door="chaos")
@pytest.mark.parametrize("fault", some_of(PURGING, 1))
async def test_a_purge_that_is_cut_off_goes_on(hive, fault: str) -> None:
    await hive.start(fault)
    await hive.start_revoker()
    await destroyed(hive, "coder")
    asked = asyncio.create_task(hive.operator.call(PURGE_TOMBSTONE, AgentName(name="coder")))
    assert await hive.died() == -9
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await hive.start()
    await hive.event("tombstone.removed", "coder")
    assert_nothing_is_left(hive, "coder")
    assert len(await hive.in_stream("tombstone.removed")) == 1
    assert await tombstones(hive) == []


@pytest.mark.spec("LIF-4", door="wire")
async def test_a_revived_agent_has_its_state_login_and_history_or_stays_a_tombstone(hive) -> None:
    await hive.start()
    await hive.start_revoker()
    await destroyed(hive, "coder")
    before = await hive.event("tombstone.made", "coder")
    await hive.approve(7, "coder", {"model": "refused"}, ApprovalKind.SPAWN, revives=True)
    finished = await hive.finished(7)
    assert not finished.ok
    await hive.event("agent.removed", "coder")
    await eventually(lambda: tombstones(hive), lambda found: [t.name for t in found] == ["coder"])
    assert (await tombstones(hive))[0].login_kept
    assert (hive.work("coder") / "notes").exists()
    assert await refusal(hive.operator, lifecycle.SPAWN, "coder") is ErrorCode.NAME_TAKEN
    await hive.approve(8, "coder", {"model": "opus"}, ApprovalKind.SPAWN, revives=True)
    assert (await hive.finished(8)).ok
    view = await hive.until("coder", container=ContainerState.RUNNING, transient=None)
    assert view.revision == hive.commit(8)
    assert (hive.work("coder") / "notes").stat().st_size == 300_000
    assert (hive.state / "agents" / "coder" / "home" / LOGIN).exists()
    assert await tombstones(hive) == []
    told = [(name, p["name"]) for name, p in hive.events if name.startswith("tombstone.")]
    assert told == [("tombstone.made", "coder"), ("tombstone.removed", "coder")] * 2
    assert before["name"] == "coder"
    assert await refusal(hive.operator, PURGE_TOMBSTONE, "coder") is ErrorCode.AGENT_EXISTS


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives agents users of their own")
async def test_a_revived_agent_has_the_user_that_it_had(walled_hive) -> None:
    hive = walled_hive
    await hive.start()
    await hive.start_revoker()
    await hive.spawned("coder")
    uid = hive.report("coder")["uid"]
    accepted = await hive.operator.call(lifecycle.DESTROY, DestroyRequest(name="coder"))
    assert (await hive.ended(accepted)).ok
    await hive.spawned("poet")
    await hive.approve(7, "coder", {"model": "opus"}, ApprovalKind.SPAWN, revives=True)
    assert (await hive.finished(7)).ok
    await eventually(lambda: _report(hive, "coder"), lambda report: report["settings"].get("model") == "opus")
    assert (hive.report("coder")["uid"], hive.work("coder").stat().st_uid) == (uid, uid)


def test_what_lies_there_is_counted_without_following_links(tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    outside = tmp_path / "outside"
    for folder in (work, home, outside):
        folder.mkdir()
    (outside / "much").write_bytes(b"x" * 5_000_000)
    (work / "link").symlink_to(outside)
    (work / "file").write_bytes(b"x" * 100_000)
    (work / "again").hardlink_to(work / "file")
    os.mkfifo(work / "pipe")
    deep = work
    for _ in range(300):
        deep = deep / "in"
        deep.mkdir()
    (deep / "file").write_bytes(b"x" * 100_000)
    os.utime(work / "file", (0, time.time() + 1e6))
    folders = (work, home, tmp_path / "none")
    kept = measure(folders, home, time.monotonic() + 30)
    assert kept is not None
    assert 200_000 <= kept.size_bytes < 3_000_000
    assert kept.changed_at <= datetime.now(UTC)
    assert not kept.login_kept
    (outside / LOGIN.name).write_text("{}")
    (home / LOGIN.parent).symlink_to(outside)
    cut_short = measure(folders, home, 0)
    assert cut_short is not None
    assert (cut_short.login_kept, cut_short.size_bytes < kept.size_bytes) == (False, True)
    assert measure((tmp_path / "none",), home, time.monotonic() + 30) is None


def test_folders_are_removed_however_deep_an_agent_made_them(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.work("coder").mkdir(parents=True)
    dig = "import os\nfor _ in range(1100):\n    os.mkdir('in')\n    os.chdir('in')\n"
    subprocess.run([sys.executable, "-c", dig], cwd=layout.work("coder"), check=True)
    layout.remove("coder", purge=True)
    assert not layout.work("coder").parent.exists()


async def test_agents_that_an_earlier_version_destroyed_are_tombstones_too(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.db"
    config = Config()
    config.set_main_option("script_location", str(Path(hive_lifecycle.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = path
    command.upgrade(config, "20261122_builds")
    ended = (
        ("kept", "destroy", 0, None, 9),
        ("purged", "destroy", 1, None, 9),
        ("failed", "destroy", 0, "no", 9),
        ("made-anew", "destroy", 0, None, 9),
        ("made-anew", "spawn", 0, None, 10),
        ("going", "destroy", 0, None, None),
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO actions (agent, kind, transient, requested_by, begun_at, purge, error, ended_at)"
            " VALUES (?1, ?2, '', 'operator', 1, ?3, ?4, ?5)",
            ended,
        )
    migrate(path, "hive_lifecycle")
    database = Database(path)
    assert await database.read(lambda c: rows.names(c, State.NEW)) == ["kept"]
    await database.write(lambda c: rows.measured(c, "kept", None))
    assert await database.read(rows.everyone) == []
    database.close()


def assert_nothing_is_left(hive, name: str) -> None:
    left = [
        hive.state / "agents" / name,
        hive.state / "shared" / "agents" / name,
        hive.state / "config" / "applied" / name,
        hive.state / "config" / "proposed" / name,
        hive.state / "secrets" / "agents" / name,
        hive.state / "runtime" / name,
    ]
    assert [place for place in left if os.path.lexists(place)] == []


async def _report(hive, name: str):
    return hive.report(name)
