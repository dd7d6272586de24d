"""The swarm's flake without nix: what is in its repository after each verb."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle.meta import LockRequest, MetaError, Output, Pin, PlainLocker, deploy_message, update_message
from hive_lifecycle.meta.lock_file import LockFile
from hive_wire.errors import ErrorCode
from pygit2 import Repository, Signature


async def a_swarm(swarm: Any, *names: str) -> tuple[Any, dict[str, Pin]]:
    """Its flake, with these agents in it."""
    meta, agents = swarm.meta(), {name: swarm.agent(name) for name in names}
    await meta.ensure(agents)
    return meta, agents


async def test_the_flake_follows_the_list_of_agents_and_its_log_says_who_came_and_went(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder", "tester")
    first = (await meta.inputs()).commit

    assert await meta.ensure(agents) == first
    await meta.ensure({"coder": agents["coder"], "writer": swarm.agent("writer")})

    assert swarm.log() == ["add agent-writer; remove agent-tester", "begin with hyperhive, agent-coder, agent-tester"]
    assert [found.name for found in (await meta.inputs()).inputs] == ["hyperhive", "agent-coder", "agent-writer"]
    assert sorted(await meta.revisions()) == ["coder", "writer"]
    assert swarm.is_clean()


async def test_an_agent_that_is_locked_keeps_its_revision_when_the_list_is_gone_through(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    head = await meta.ensure({"coder": swarm.propose("coder", "two", 7)})
    assert await meta.revisions() == {"coder": agents["coder"].commit}
    assert head == (await meta.inputs()).commit


async def test_an_agent_without_a_repository_is_left_out_and_comes_in_when_it_has_one(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")

    await meta.ensure({**agents, "ghost": Pin("1" * 40)})
    assert sorted(await meta.revisions()) == ["coder"]
    await meta.ensure({**agents, "ghost": swarm.agent("ghost")})
    assert sorted(await meta.revisions()) == ["coder", "ghost"]


async def test_an_agent_whose_repository_was_lost_stays_as_it_is_locked(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder", "tester")
    for file in (swarm.applied / "tester" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()

    await meta.ensure({**agents, "writer": swarm.agent("writer")})

    assert sorted(await meta.revisions()) == ["coder", "tester", "writer"]


async def test_what_hyperhive_points_at_can_be_changed(swarm: Any, tmp_path: Path) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    installed = tmp_path / "installed"
    installed.mkdir()

    await swarm.meta(source=f"path:{installed}").ensure(agents)

    assert swarm.log()[0] == "lock hyperhive"
    hyperhive = (await meta.inputs()).inputs[0]
    assert (hyperhive.url, hyperhive.revision) == (f"path:{installed}", None)
    assert set(swarm.lock()) == {"root", "hyperhive", "agent-coder"}


async def test_a_deploy_is_in_force_when_it_is_finalized_and_not_before(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    pin = swarm.propose("coder", "two", 7)

    tree = await meta.prepare("action-1", {"coder": pin})

    assert await meta.revisions() == {"coder": agents["coder"].commit}
    assert await meta.leftovers() == ["action-1"]
    assert Repository(str(tree)).status() == {}
    commit = await meta.finalize("action-1", deploy_message("coder", pin.commit, 7))
    assert (await meta.inputs()).commit == commit
    assert await meta.revisions() == {"coder": pin.commit}
    assert swarm.lock()["agent-coder"]["locked"]["ref"] == "main"
    assert await meta.leftovers() == []
    assert not tree.exists()
    assert swarm.is_clean()


async def test_a_first_deploy_brings_the_agent_in(swarm: Any) -> None:
    meta, _ = await a_swarm(swarm, "coder")
    pin = swarm.agent("writer")
    tree = await meta.prepare("action-1", {"writer": pin})
    assert '"writer" = inputs."hyperhive".lib.mkAgent' in (tree / "flake.nix").read_text()
    assert "writer" not in (meta.folder / "flake.nix").read_text()
    await meta.finalize("action-1", "deploy")
    assert sorted(await meta.revisions()) == ["coder", "writer"]


async def test_a_flake_that_has_no_agent_yet_takes_its_first_deploy(swarm: Any) -> None:
    meta = swarm.meta()
    await meta.ensure({})
    await meta.prepare("action-1", {"manager": swarm.agent("manager")})
    await meta.finalize("action-1", "deploy")
    assert 'role = "manager"' in (meta.folder / "flake.nix").read_text()
    assert sorted(await meta.revisions()) == ["manager"]


async def test_finalizing_again_gives_the_same_commit_and_changes_nothing(swarm: Any) -> None:
    meta, _ = await a_swarm(swarm, "coder")
    await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})
    commit = await meta.finalize("action-1", "deploy")
    await meta.prepare("action-2", {"coder": swarm.propose("coder", "three", 8)})
    await meta.finalize("action-2", "deploy")

    assert await meta.finalize("action-1", "deploy") == commit
    assert len(swarm.log()) == 3


async def test_what_is_deployed_already_makes_no_commit(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    await meta.prepare("action-1", agents)
    assert await meta.finalize("action-1", "deploy") is None
    assert await meta.finalize("never-prepared", "deploy") is None
    assert len(swarm.log()) == 1


async def test_an_abort_leaves_nothing_and_may_be_repeated(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    tree = await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})

    await meta.abort("action-1")
    await meta.abort("action-1")

    assert not tree.exists()
    assert await meta.revisions() == {"coder": agents["coder"].commit}
    assert await meta.finalize("action-1", "deploy") is None


async def test_preparing_again_gives_the_same_worktree_and_other_wishes_a_new_one(swarm: Any) -> None:
    meta, _ = await a_swarm(swarm, "coder")
    pin = swarm.propose("coder", "two", 7)
    tree = await meta.prepare("action-1", {"coder": pin}, update=["hyperhive"])
    prepared = (tree / "flake.lock").read_text()
    swarm.release("second")

    (tree / "flake.lock").write_text("half wri")
    assert await meta.prepare("action-1", {"coder": pin}, update=["hyperhive"]) == tree
    assert (tree / "flake.lock").read_text() == prepared

    other = swarm.propose("coder", "three", 8)
    await meta.prepare("action-1", {"coder": other})
    assert json.loads((tree / "flake.lock").read_text())["nodes"]["agent-coder"]["locked"]["rev"] == other.commit


async def test_what_became_so_meanwhile_is_kept(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder", "tester", "writer")
    pin = swarm.propose("coder", "two", 7)
    newer = swarm.release("second")
    await meta.prepare("rollout-1", {}, update=["hyperhive"])
    await meta.prepare("action-2", {"coder": pin})
    await meta.remove("tester")

    await meta.finalize("rollout-1", update_message(["hyperhive"]))
    await meta.finalize("action-2", "deploy")

    inputs = {found.name: found.revision for found in (await meta.inputs()).inputs}
    assert inputs == {"hyperhive": newer, "agent-coder": pin.commit, "agent-writer": agents["writer"].commit}
    assert swarm.log()[:3] == ["deploy", "lock update: hyperhive", "remove agent-tester"]
    assert swarm.is_clean()


async def test_many_writers_at_once_lose_nothing(swarm: Any) -> None:
    names = [f"agent{number}" for number in range(6)]
    meta, _ = await a_swarm(swarm, *names)
    pins = {name: swarm.propose(name, "two", 7) for name in names}

    writers = {name: swarm.meta() for name in names}
    await asyncio.gather(*(writers[name].prepare(f"action-{name}", {name: pins[name]}) for name in names))
    await asyncio.gather(*(writers[name].finalize(f"action-{name}", "deploy") for name in names))

    assert await meta.revisions() == {name: pin.commit for name, pin in pins.items()}
    assert len(swarm.log()) == 7


async def test_another_process_that_writes_is_waited_for(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    lock = swarm.folder.with_name("meta.lock")
    code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(lock), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline()
    removing = asyncio.create_task(meta.remove("coder"))
    assert await meta.revisions() == {"coder": agents["coder"].commit}
    assert not removing.done()
    other.kill()
    await other.communicate()
    await asyncio.wait_for(removing, 60)
    assert await meta.revisions() == {}


async def test_inputs_can_be_moved_to_the_newest_by_name(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder", "tester")
    newer, pin = swarm.release("second"), swarm.propose("coder", "two", 7)
    swarm.deployed("coder", pin)

    await meta.prepare("rollout-1", {}, update=["agent-coder", "hyperhive"])
    await meta.finalize("rollout-1", update_message(["agent-coder", "hyperhive"]))

    assert swarm.log()[0] == "lock update: hyperhive, agent-coder"
    inputs = {found.name: found.revision for found in (await meta.inputs()).inputs}
    assert inputs == {"hyperhive": newer, "agent-coder": pin.commit, "agent-tester": agents["tester"].commit}


async def test_an_input_that_nobody_knows_is_refused_with_those_there_are(swarm: Any) -> None:
    meta, _ = await a_swarm(swarm, "coder")
    with pytest.raises(MetaError) as refused:
        await meta.prepare("rollout-1", {}, update=["hyperhive", "agent-nobody"])
    assert refused.value.code == ErrorCode.UNKNOWN_INPUT
    assert refused.value.details == {"known": ["agent-coder", "hyperhive"]}
    assert await meta.leftovers() == []


@pytest.mark.parametrize("fault", ["commit", "branch", "repository", "objects"])
async def test_a_commit_that_can_not_be_locked_is_refused_and_nothing_changes(swarm: Any, fault: str) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    pin = swarm.propose("coder", "two", 7)
    if fault == "commit":
        pin = Pin(pin.commit, "main")
    elif fault == "branch":
        swarm.deployed("coder", pin)
    elif fault == "repository":
        swarm.agents["coder"].place.rename(swarm.root / "elsewhere")
    else:
        blob = swarm.agents["coder"].opened[pin.commit].tree["agent.nix"].id
        (swarm.agents["coder"].place / "objects" / str(blob)[:2] / str(blob)[2:]).unlink()

    with pytest.raises(MetaError) as refused:
        await meta.prepare("action-1", {"coder": pin})

    assert refused.value.code == (ErrorCode.BROKEN_LOCK if fault == "commit" else ErrorCode.NO_REPO)
    assert await meta.revisions() == {"coder": agents["coder"].commit}
    assert await meta.leftovers() == []


async def test_a_locker_that_comes_to_another_commit_is_not_believed(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")

    class Stubborn(PlainLocker):
        async def lock(self, request: LockRequest, output: Output) -> LockFile:
            pinned = request.pins["agent-coder"]
            same = type(pinned)(pinned.url, pinned.repository, agents["coder"])
            return await super().lock(LockRequest(request.flake, request.lock, {"agent-coder": same}), output)

    with pytest.raises(MetaError) as refused:
        await swarm.meta(Stubborn()).prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})
    assert refused.value.code == ErrorCode.BROKEN_LOCK
    assert await meta.leftovers() == []


@pytest.mark.parametrize("damage", ["half", "missing", "bytes", "circle"])
async def test_a_broken_lock_shows_no_revision_and_is_put_right_by_the_next_change(swarm: Any, damage: str) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    lock = meta.folder / "flake.lock"
    whole = lock.read_bytes()
    if damage == "missing":
        lock.unlink()
    else:
        lock.write_bytes({"half": whole[: len(whole) // 2], "bytes": b"\xff\xfe", "circle": b'{"nodes": {}}'}[damage])

    state = await meta.inputs()
    assert state.error
    assert await meta.revisions() == {}
    assert [found.name for found in state.inputs] == ["hyperhive", "agent-coder"]

    assert await meta.ensure(agents) == state.commit
    assert lock.read_bytes() == whole
    assert swarm.is_clean()


async def test_a_lock_that_was_committed_broken_is_made_anew_from_the_list(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    _commit_by_hand(meta.folder, "flake.lock", "{}")

    with pytest.raises(MetaError) as refused:
        await meta.prepare("action-1", agents)
    assert refused.value.code == ErrorCode.BROKEN_LOCK
    pin = swarm.propose("coder", "two", 7)
    await meta.ensure({"coder": pin})

    assert await meta.revisions() == {"coder": pin.commit}
    assert await meta.ensure({"coder": pin}) == (await meta.inputs()).commit


async def test_what_was_changed_by_hand_is_undone(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    flake = (meta.folder / "flake.nix").read_text()
    (meta.folder / "flake.nix").write_text("{ }")
    (meta.folder / ".git" / "index").write_text("broken")
    (meta.folder / ".git" / "index.lock").touch()
    (meta.folder / ".git" / "refs" / "heads" / "main.lock").touch()

    await meta.ensure({**agents, "tester": swarm.agent("tester")})
    await meta.remove("tester")

    assert (meta.folder / "flake.nix").read_text() == flake
    assert swarm.is_clean()


async def test_a_flake_that_is_not_there_yet_shows_nothing(swarm: Any) -> None:
    meta = swarm.meta()
    state = await meta.inputs()
    assert (state.inputs, state.commit) == ((), None)
    assert state.error
    assert (await meta.revisions(), await meta.leftovers()) == ({}, [])


async def test_a_repository_that_is_damaged_is_said_to_be(swarm: Any) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    for file in (meta.folder / ".git" / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(MetaError) as refused:
        await meta.ensure(agents)
    assert refused.value.code == ErrorCode.BROKEN_LOCK
    assert "damaged" in str((await meta.inputs()).error)
    assert sorted(await meta.revisions()) == ["coder"]


async def test_removing_an_agent_twice_is_one_commit(swarm: Any) -> None:
    meta, _ = await a_swarm(swarm, "coder", "tester")
    await meta.remove("coder")
    await meta.remove("coder")
    assert swarm.log()[0] == "remove agent-coder"
    assert len(swarm.log()) == 2


@pytest.mark.parametrize("key", ["", "../x", "A", "a" * 65, ".hidden"])
async def test_a_key_that_is_no_folder_s_name_is_a_fault(swarm: Any, key: str) -> None:
    meta, agents = await a_swarm(swarm, "coder")
    with pytest.raises(ValueError, match="key"):
        await meta.prepare(key, agents)


async def test_what_plain_locking_does_is_told(swarm: Any) -> None:
    meta = swarm.meta()
    pin = swarm.agent("coder")
    printed: list[str] = []
    await meta.ensure({"coder": pin}, printed.append)
    assert f"locked agent-coder: {pin.commit}" in printed
    assert len(printed) == 2


def _commit_by_hand(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    repository = Repository(str(folder))
    repository.index.add(name)
    repository.index.write()
    who = Signature("somebody", "somebody@localhost", 1_800_000_000, 0)
    repository.create_commit("HEAD", who, who, "by hand\n", repository.index.write_tree(), [repository.head.target])
