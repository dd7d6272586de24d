"""What real nix makes of the swarm's flake: locked by nix and by us, prepared, finalized and aborted."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle.meta import MetaError, Pin, PlainLocker, deploy_message
from hive_wire.errors import ErrorCode
from pygit2 import Repository, Signature
from pygit2.enums import ObjectType

pytestmark = pytest.mark.xdist_group("meta-nix")


@pytest.mark.spec("MET-1", door="nix")
async def test_nix_evaluates_every_agent_of_the_flake_that_is_made_of_the_list(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    agents = {name: swarm.agent(name) for name in ("manager", "coder", "a-very-long-name-of-an-agent-31")}

    head = await meta.ensure(agents)

    systems = {await nix.evaluate(meta.folder, name) for name in agents}
    assert len(systems) == 3
    assert await meta.ensure(agents) == head
    assert await meta.revisions() == {name: pin.commit for name, pin in agents.items()}


@pytest.mark.spec("MET-2", door="nix")
async def test_a_deploy_is_prepared_beside_what_is_in_force_and_then_takes_its_place(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder")})
    before = await nix.evaluate(meta.folder, "coder")
    pin = swarm.propose("coder", "two", 7)

    printed: list[str] = []
    tree = await meta.prepare("action-1", {"coder": pin}, output=printed.append)
    built = await nix.evaluate(tree, "coder")
    assert built != before
    assert await nix.evaluate(meta.folder, "coder") == before
    assert any(pin.commit in line for line in printed)

    commit = await meta.finalize("action-1", deploy_message("coder", pin.commit, 7))
    assert await nix.evaluate(meta.folder, "coder") == built
    assert commit == (await meta.inputs()).commit
    assert swarm.log()[0] == f"deploy agent-coder: {pin.commit[:12]} (approval 7)"
    swarm.deployed("coder", pin)
    assert await nix.evaluate(meta.folder, "coder", "--refresh") == built


@pytest.mark.spec("MET-2", door="nix")
async def test_an_aborted_deploy_leaves_what_was_in_force(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    head = await meta.ensure({"coder": swarm.agent("coder")})
    before = await nix.evaluate(meta.folder, "coder")
    tree = await meta.prepare("action-1", {"coder": swarm.propose("coder", "two", 7)})

    await meta.abort("action-1")

    assert not tree.exists()
    assert await nix.evaluate(meta.folder, "coder") == before
    assert (await meta.inputs()).commit == head
    assert await meta.leftovers() == []


@pytest.mark.spec("MET-3", door="nix")
async def test_two_deploys_prepared_at_once_are_both_in_force_in_the_end(swarm: Any, nix: Any) -> None:
    meta, other = swarm.meta(nix.locker), swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder"), "tester": swarm.agent("tester")})
    pins = {"coder": swarm.propose("coder", "two", 7), "tester": swarm.propose("tester", "three", 8)}

    trees = await asyncio.gather(
        meta.prepare("action-1", {"coder": pins["coder"]}), other.prepare("action-2", {"tester": pins["tester"]})
    )
    built = [await nix.evaluate(tree, name) for tree, name in zip(trees, pins, strict=True)]
    await asyncio.gather(other.finalize("action-2", "two"), meta.finalize("action-1", "one"))

    assert [await nix.evaluate(meta.folder, name) for name in pins] == built
    assert await meta.revisions() == {name: pin.commit for name, pin in pins.items()}


async def test_a_new_hyperhive_and_what_it_has_locked_itself_come_in_together_with_a_deploy(
    swarm: Any, nix: Any
) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder"), "tester": swarm.agent("tester")})
    before = await nix.evaluate(meta.folder, "tester")
    revision = swarm.release("second")

    tree = await meta.prepare("rollout-1", {}, update=["hyperhive"])
    await meta.prepare("action-2", {"coder": swarm.propose("coder", "two", 7)})
    await meta.finalize("action-2", "deploy")
    built = await nix.evaluate(tree, "tester")
    await meta.finalize("rollout-1", "lock update: hyperhive")

    assert await nix.evaluate(meta.folder, "tester") == built != before
    assert (await meta.inputs()).inputs[0].revision == revision
    assert await nix.evaluate(meta.folder, "coder")
    library = Repository(str(swarm.library.place)).references["refs/heads/main"]
    assert swarm.lock()["library"]["locked"]["rev"] == str(library.peel(ObjectType.COMMIT).id)


@pytest.mark.parametrize("source", ["git", "folder"])
async def test_nix_takes_over_what_was_locked_without_it(swarm: Any, nix: Any, source: str, tmp_path: Path) -> None:
    url = None if source == "git" else f"path:{_unpacked(swarm.hyperhive.opened, tmp_path / 'unpacked')}"
    plain, real = swarm.meta(PlainLocker(), url), swarm.meta(nix.locker, url)
    await plain.ensure({"coder": swarm.agent("coder"), "manager": swarm.agent("manager", "some text")})
    system = await nix.evaluate(plain.folder, "coder")
    pin = swarm.propose("coder", "two", 7)

    tree = await plain.prepare("action-1", {"coder": pin})
    by_us = json.loads((tree / "flake.lock").read_text())
    assert await nix.evaluate(tree, "coder") != system
    await plain.abort("action-1")

    tree = await real.prepare("action-1", {"coder": pin})
    assert json.loads((tree / "flake.lock").read_text()) == by_us

    (plain.folder / "flake.lock").unlink()
    _forget_main(plain.folder)
    await real.ensure({"coder": Pin(pin.commit, pin.branch), "manager": Pin(_head(swarm, "manager"))})
    assert _without_refs(swarm.lock()) == _without_refs(by_us["nodes"])


@pytest.mark.spec("MET-5", door="nix")
async def test_a_broken_lock_shows_no_revision_and_hinders_no_deploy(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder")})
    lock = meta.folder / "flake.lock"
    lock.write_bytes(lock.read_bytes()[:200])
    assert await meta.revisions() == {}
    assert (await meta.inputs()).error

    pin = swarm.propose("coder", "two", 7)
    built = await nix.evaluate(await meta.prepare("action-1", {"coder": pin}), "coder")
    await meta.finalize("action-1", "deploy")

    assert await meta.revisions() == {"coder": pin.commit}
    assert await nix.evaluate(meta.folder, "coder") == built


async def test_a_configuration_that_can_not_be_read_hurts_no_other_agent(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder"), "tester": swarm.agent("tester")})
    broken = swarm.agents["tester"].commit({"agent.nix": "{ text = "}, "build/8")

    tree = await meta.prepare("action-1", {"tester": Pin(broken, "build/8")})

    assert await nix.evaluate(tree, "coder") == await nix.evaluate(meta.folder, "coder")
    code, _, error = await nix.run("eval", f"{tree}#nixosConfigurations.tester.config.system.build.toplevel.drvPath")
    assert code != 0
    assert "agent.nix" in error


async def test_a_change_of_a_comment_gives_the_same_system(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder")})
    commit = swarm.agents["coder"].commit({"agent.nix": '# said\n{ text = "one"; }\n'}, "build/7")

    tree = await meta.prepare("action-1", {"coder": Pin(commit, "build/7")})

    assert await nix.evaluate(tree, "coder") == await nix.evaluate(meta.folder, "coder")


async def test_a_tag_of_the_branch_s_name_is_not_what_is_locked(swarm: Any, nix: Any) -> None:
    meta = swarm.meta(nix.locker)
    await meta.ensure({"coder": swarm.agent("coder")})
    pin = swarm.propose("coder", "two", 7)
    repository = swarm.agents["coder"].opened
    elsewhere = swarm.agents["coder"].commit({"agent.nix": '{ text = "no"; }\n'}, "elsewhere")
    repository.create_tag("build/7", elsewhere, ObjectType.COMMIT, Signature("a", "a@localhost", 1, 0), "annotated")

    tree = await meta.prepare("action-1", {"coder": pin})

    locked = json.loads((tree / "flake.lock").read_text())["nodes"]["agent-coder"]["locked"]
    assert (locked["rev"], locked["ref"]) == (pin.commit, "build/7")
    assert await nix.evaluate(tree, "coder") != await nix.evaluate(meta.folder, "coder")


async def test_what_nix_refuses_changes_nothing_and_says_why(swarm: Any, nix: Any, tmp_path: Path) -> None:
    meta = swarm.meta(nix.locker)
    head = await meta.ensure({"coder": swarm.agent("coder")})
    gone = swarm.meta(nix.locker, f"git+file://{tmp_path}/nowhere")

    with pytest.raises(MetaError) as refused:
        await gone.ensure({"coder": Pin(_head(swarm, "coder"))})

    assert refused.value.code == ErrorCode.BROKEN_LOCK
    assert "nowhere" in refused.value.message
    assert (await meta.inputs()).commit == head
    assert await nix.evaluate(meta.folder, "coder")


async def test_folders_with_odd_names_are_locked_all_the_same(new_swarm: Any, nix: Any, tmp_path: Path) -> None:
    odd = new_swarm(tmp_path / 'a b "c" $%41')
    meta = odd.meta(nix.locker)
    await meta.ensure({"coder": odd.agent("coder")})
    assert await nix.evaluate(f"git+{meta.folder.as_uri()}?ref=main", "coder")


def _unpacked(repository: Repository, place: Path) -> Path:
    place.mkdir()
    tree = repository.references["refs/heads/main"].peel(ObjectType.TREE)
    for entry in tree:
        (place / str(entry.name)).write_bytes(repository[entry.id].read_raw())
    return place


def _forget_main(folder: Path) -> None:
    Repository(str(folder)).references["refs/heads/main"].delete()


def _head(swarm: Any, agent: str) -> str:
    return str(swarm.agents[agent].opened.references["refs/heads/main"].target)


def _without_refs(nodes: dict[str, Any]) -> dict[str, Any]:
    """Nodes but for the branch's name, which nix writes in two ways and takes in both."""
    return {
        key: {**node, "locked": {name: value for name, value in node.get("locked", {}).items() if name != "ref"}}
        for key, node in nodes.items()
    }
