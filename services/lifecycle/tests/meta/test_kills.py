"""A writer that is killed at any point: the same verb again comes to the end that it would have come to."""

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hive_lifecycle.meta import Meta, Pin
from pygit2 import Repository

pytestmark = pytest.mark.xdist_group("meta-kills")

COMMIT = (
    "meta.commit:created",
    "meta.commit:moved",
    "meta.check_out:flake.nix",
    "meta.check_out:flake.lock",
    "meta.commit:checked_out",
)
POINTS = {
    "ensure": COMMIT,
    "prepare": ("meta.prepare:created", "meta.prepare:branched", "meta.prepare:checked_out", "meta.prepare:after"),
    "finalize": (COMMIT[0], COMMIT[1], COMMIT[3], COMMIT[4], "meta.drop:tree", "meta.finalize:after"),
    "abort": ("meta.drop:tree",),
    "remove": COMMIT,
}
CASES = [(verb, point) for verb, points in POINTS.items() for point in points]


@dataclass
class Case:
    """A swarm of coder and tester, and what its writer was killed in; `pins` is what the verb is called with."""

    swarm: Any
    verb: str
    point: str
    pins: dict[str, Pin]
    ended_by: int = 0

    @property
    def meta(self) -> Meta:
        return self.swarm.meta()

    def as_json(self) -> dict[str, Any]:
        agents = {name: (pin.commit, pin.branch) for name, pin in self.pins.items()}
        state = str(self.swarm.folder.parent)
        return {
            "verb": self.verb,
            "point": self.point,
            "state": state,
            "source": self.swarm.source,
            "agents": agents,
        }


async def _ready(swarm: Any, verb: str, point: str) -> Case:
    """The swarm as it is when the verb comes. Main moves on between prepare and finalize."""
    meta, agents = swarm.meta(), {name: swarm.agent(name) for name in ("coder", "tester")}
    if verb == "ensure":
        return Case(swarm, verb, point, agents)
    await meta.ensure(agents)
    pins = {"coder": swarm.propose("coder", "two", 7)}
    if verb in ("finalize", "abort"):
        await meta.prepare("action-1", pins)
    if verb == "finalize":
        await meta.prepare("action-2", {"tester": swarm.propose("tester", "three", 8)})
        await meta.finalize("action-2", "another")
    return Case(swarm, verb, point, pins)


@pytest.fixture(scope="module")
def killed(new_swarm: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Case]:
    """Every case, after its writer was killed."""

    async def ready() -> list[Case]:
        return [await _ready(new_swarm(tmp_path_factory.mktemp("killed")), verb, point) for verb, point in CASES]

    cases = asyncio.run(ready())
    program = [sys.executable, str(Path(__file__).with_name("killed.py"))]
    words = json.dumps([case.as_json() for case in cases])
    done = subprocess.run(program, input=words, stdout=subprocess.PIPE, text=True, check=True)
    for case, ended_by in zip(cases, json.loads(done.stdout), strict=True):
        case.ended_by = ended_by
    return {(case.verb, case.point): case for case in cases}


@pytest.mark.parametrize("point", POINTS["ensure"])
async def test_a_flake_whose_making_was_cut_off_is_made_once(killed: Any, point: str) -> None:
    case = killed["ensure", point]
    assert case.ended_by == signal.SIGKILL

    head = await case.meta.ensure(case.pins)

    assert await case.meta.ensure(case.pins) == head
    assert await case.meta.revisions() == {name: pin.commit for name, pin in case.pins.items()}
    assert len(case.swarm.log()) == 1
    assert case.swarm.is_clean()


@pytest.mark.parametrize("point", POINTS["prepare"])
async def test_a_preparation_that_was_cut_off_is_made_whole(killed: Any, point: str) -> None:
    case = killed["prepare", point]
    assert case.ended_by == signal.SIGKILL

    tree = await case.meta.prepare("action-1", case.pins)

    assert Repository(str(tree)).status() == {}
    lock = json.loads((tree / "flake.lock").read_text())
    assert lock["nodes"]["agent-coder"]["locked"]["rev"] == case.pins["coder"].commit
    assert await case.meta.leftovers() == ["action-1"]
    assert len(case.swarm.log()) == 1


@pytest.mark.parametrize("point", POINTS["finalize"])
async def test_a_deploy_whose_finalizing_was_cut_off_is_in_the_log_once(killed: Any, point: str) -> None:
    case = killed["finalize", point]
    assert case.ended_by == signal.SIGKILL

    commit = await case.meta.finalize("action-1", "deploy")

    assert commit == (await case.meta.inputs()).commit == await case.meta.finalize("action-1", "deploy")
    assert case.swarm.log()[:2] == ["deploy", "another"]
    assert len(case.swarm.log()) == 3
    assert (await case.meta.revisions())["coder"] == case.pins["coder"].commit
    assert await case.meta.leftovers() == []
    assert case.swarm.is_clean()


async def test_an_abort_that_was_cut_off_leaves_nothing_in_the_end(killed: Any) -> None:
    case = killed["abort", "meta.drop:tree"]
    assert case.ended_by == signal.SIGKILL
    assert await case.meta.leftovers() == ["action-1"]

    await case.meta.abort("action-1")

    assert await case.meta.leftovers() == []
    assert (await case.meta.revisions())["coder"] != case.pins["coder"].commit


@pytest.mark.parametrize("point", POINTS["remove"])
async def test_an_agent_whose_removal_was_cut_off_goes_once(killed: Any, point: str) -> None:
    case = killed["remove", point]
    assert case.ended_by == signal.SIGKILL

    await case.meta.remove("coder")

    assert sorted(await case.meta.revisions()) == ["tester"]
    assert case.swarm.log()[0] == "remove agent-coder"
    assert len(case.swarm.log()) == 2
    assert case.swarm.is_clean()
