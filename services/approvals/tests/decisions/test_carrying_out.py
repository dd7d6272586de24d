"""Approvals killed at any point between a request and its end: it ends once, and refs, rows and events agree."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hive_kit.testing import eventually, some_of
from hive_wire import approvals as wire
from hive_wire import lifecycle
from hive_wire.approvals import ApprovalStatus, Decision
from hive_wire.errors import ErrorCode
from hive_wire.lifecycle import DeployProgress

ASKING = ("request.take_in:before", "request.take_in:after", "request.recorded:after")
PROPOSED = ("proposal.tag:before", "proposal.tag:after")
APPROVING = (
    "decide:before",
    "decide:after",
    "approved.tag:before",
    "approved.tag:after",
    "approved.branch:before",
    "approved.branch:after",
    "release:before",
    "release:after",
)
BUILDING = (
    "lifecycle.deploy.started:before",
    "lifecycle.deploy.started:after",
    "building.tag:before",
    "building.tag:after",
    "lifecycle.deploy.finished:before",
    "lifecycle.deploy.finished:after",
)
DEPLOYED = tuple(
    f"deployed.{step}:{when}" for step in ("forward", "tag", "branch", "row") for when in ("before", "after")
)
FAILED = tuple(f"failed.{step}:{when}" for step in ("tag", "branch", "row") for when in ("before", "after"))
DENIED = ("decide:before", "decide:after", "denied.tag:before", "denied.tag:after")


class Keeper:
    """Starts the service anew, without the fault, when it has died of it."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.died = asyncio.Event()
        self.back = asyncio.Event()
        self.task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        code = await self.desk.service.wait()
        self.died.set()
        assert code == -9, self.desk.service.log
        await self.desk.start()
        self.back.set()

    async def through(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """What the call gives; when the service dies meanwhile, what it gives when it is made again."""
        if not self.died.is_set():
            calling = asyncio.ensure_future(call())
            dying = asyncio.ensure_future(self.died.wait())
            await asyncio.wait({calling, dying}, return_when=asyncio.FIRST_COMPLETED)
            dying.cancel()
            if calling.done() and calling.exception() is None:
                return calling.result()
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        await asyncio.wait_for(self.back.wait(), 30)
        return await call()

    async def done(self) -> None:
        await asyncio.wait_for(self.task, 30)


async def asked(desk, keeper):
    commit = desk.commit("scout", toml='model = "claude-x"\n')
    key = desk.key()
    return await keeper.through(lambda: desk.propose("scout", commit, "why", key))


async def decided(desk, keeper, approval, decision):
    shown = await keeper.through(lambda: desk.shown(approval.id))
    item = wire.DecisionItem(id=approval.id, hash=shown.hash)
    request = wire.DecideRequest(decision=decision, items=[item], reason="no")
    (result,) = (await keeper.through(lambda: desk.operator.call(wire.DECIDE, request))).results
    assert result.ok or result.code == "already_decided"


def progress(approval, **more):
    return DeployProgress(approval=approval.id, agent=approval.agent, commit=approval.commit, **more)


async def in_a_faulty_house(desk, fault):
    await desk.start()
    await desk.agent("scout")
    await desk.service.terminate()
    await desk.start(fault)
    return Keeper(desk)


async def ended(desk, keeper, approval, status, *steps):
    """It has ended so, was told step by step, once each, and nothing more is said."""
    await keeper.through(lambda: desk.until(approval.id, status))
    await keeper.done()
    wanted = [f"approval.{step}" for step in ("requested", *steps)]

    async def told() -> list[str]:
        return desk.of(approval.id)

    await eventually(told, lambda names: len(names) >= len(wanted))
    last = await desk.spawn("marker")  # what is told after this is told of something else
    await desk.event("approval.requested", last.id)
    assert desk.of(approval.id) == wanted


@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.spec("REL-2", door="chaos")
@pytest.mark.parametrize("fault", some_of([*ASKING, *PROPOSED, *APPROVING, *BUILDING, *DEPLOYED], 6))
async def test_cut_off_anywhere_an_approved_commit_is_deployed_once(idle_desk, fault):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, fault)
    approval = await asked(desk, keeper)
    await decided(desk, keeper, approval, Decision.APPROVE)
    await desk.event("approval.approved", approval.id)
    await desk.tell(lifecycle.DEPLOY_STARTED, progress(approval))
    await desk.tell(lifecycle.DEPLOY_FINISHED, progress(approval, ok=True, notes=["note"]))
    await ended(desk, keeper, approval, ApprovalStatus.DEPLOYED, "decided", "approved", "building", "resolved")
    assert desk.at("scout") == approval.commit
    await desk.refs_are("scout", *(f"{tag}/2" for tag in ("proposal", "approved", "building", "deployed")))
    assert (await desk.view(approval.id)).notes.count("note") == 1


@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.spec("REL-2", door="chaos")
@pytest.mark.parametrize("fault", some_of(FAILED, 3))
async def test_cut_off_anywhere_a_failed_deploy_ends_failed_once(idle_desk, fault):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, fault)
    base = desk.at("scout")
    approval = await asked(desk, keeper)
    await decided(desk, keeper, approval, Decision.APPROVE)
    await desk.event("approval.approved", approval.id)
    await desk.tell(lifecycle.DEPLOY_STARTED, progress(approval))
    await desk.tell(lifecycle.DEPLOY_FINISHED, progress(approval, ok=False, error="it broke"))
    await ended(desk, keeper, approval, ApprovalStatus.FAILED, "decided", "approved", "building", "resolved")
    assert desk.at("scout") == base
    await desk.refs_are("scout", *(f"{tag}/2" for tag in ("proposal", "approved", "building", "failed")))
    assert desk.tag_text("scout", "failed/2") == "it broke"


@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.parametrize("fault", some_of(DENIED, 2))
async def test_cut_off_anywhere_a_denial_is_tagged_and_told_once(idle_desk, fault):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, fault)
    approval = await asked(desk, keeper)
    await decided(desk, keeper, approval, Decision.DENY)
    await ended(desk, keeper, approval, ApprovalStatus.DENIED, "decided", "resolved")
    await desk.refs_are("scout", "proposal/2", "denied/2")
    assert desk.tag_text("scout", "denied/2") == "no"


@pytest.mark.spec("APR-14", door="chaos")
@pytest.mark.spec("APR-12", door="chaos")
async def test_a_batch_cut_off_in_the_middle_is_decided_so_far_and_can_be_repeated(idle_desk):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, "decide:after")
    first = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    second = await desk.spawn("newcomer")
    items = [wire.DecisionItem(id=n, hash=(await desk.shown(n)).hash) for n in (first.id, second.id)]
    request = wire.DecideRequest(decision=Decision.APPROVE, items=items)
    results = (await keeper.through(lambda: desk.operator.call(wire.DECIDE, request))).results
    assert [(r.ok, r.code) for r in results] == [(False, "already_decided"), (True, None)]
    for approval in (first, second):
        await desk.event("approval.approved", approval.id)
        assert desk.of(approval.id) == ["approval.requested", "approval.decided", "approval.approved"]
    await keeper.done()


@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.parametrize(
    "fault", some_of(["draft.folder:before", "draft.folder:after", "draft.repos:after", "draft.row:after"], 2)
)
async def test_cut_off_anywhere_a_draft_is_made(idle_desk, fault):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, fault)
    request = wire.DraftRequest(name="newcomer", key="k")
    draft = await keeper.through(lambda: desk.manager.call(wire.REQUEST_SPAWN_DRAFT, request))
    await keeper.done()
    assert draft.start_commit == desk.at("newcomer")
    assert desk.neighbour.folders == {"newcomer"}
    assert await desk.drafts() == [draft]


@pytest.mark.spec("APR-12", door="chaos")
@pytest.mark.parametrize(
    "fault", some_of([f"discard.{step}" for step in ("folder:before", "folder:after", "repos:after", "row:after")], 2)
)
async def test_cut_off_anywhere_a_draft_is_discarded(idle_desk, fault):
    desk = idle_desk
    keeper = await in_a_faulty_house(desk, fault)
    await desk.draft("newcomer")
    discarding = asyncio.ensure_future(desk.operator.call(wire.DISCARD_DRAFT, wire.DraftName(name="newcomer")))
    await keeper.done()
    discarding.cancel()
    await asyncio.gather(discarding, return_exceptions=True)

    async def removed() -> int:
        return [payload for name, payload in desk.events if name == "draft.removed"].count({"name": "newcomer"})

    assert await eventually(removed) == 1
    assert desk.neighbour.folders == set()
    assert not desk.applied("newcomer").exists()
    assert await desk.drafts() == []


@pytest.mark.spec("APR-12", door="chaos")
async def test_an_event_of_lifecycle_that_comes_twice_counts_once(desk):
    await desk.agent("scout")
    approval = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    await desk.approve(approval.id)
    await desk.event("approval.approved", approval.id)
    await desk.started(approval)
    await desk.finished(approval)
    await desk.until(approval.id, ApprovalStatus.DEPLOYED)
    await desk.started(approval)
    await desk.finished(approval, "too late")
    next_one = await desk.propose("scout", desk.commit("scout", toml='model = "y"\n'))
    await desk.deployed(next_one)
    assert (await desk.view(approval.id)).status is ApprovalStatus.DEPLOYED
    assert desk.of(approval.id).count("approval.resolved") == 1


async def test_an_approval_that_was_queued_when_its_agent_went_ends_as_failed(desk):
    await desk.agent("scout")
    approval = await desk.propose("scout", desk.commit("scout", toml='model = "x"\n'))
    waiting = await desk.propose("scout", desk.commit("scout", toml='model = "y"\n'))
    await desk.approve(approval.id)
    await desk.event("approval.approved", approval.id)
    await desk.lifecycle.call(wire.REMOVE_REPOS, wire.ReposRequest(agent="scout"))
    await desk.finished(approval, "the agent was destroyed")
    await desk.tell(lifecycle.REMOVED, lifecycle.AgentName(name="scout"))
    failed = await desk.until(approval.id, ApprovalStatus.FAILED)
    assert failed.note
    assert (await desk.until(waiting.id, ApprovalStatus.SUPERSEDED)).note


@pytest.mark.spec("APR-12", door="wire")
async def test_a_release_that_nobody_answers_is_told_again_until_lifecycle_says_how_it_ended(idle_desk):
    desk = idle_desk
    desk.configure(release_again_seconds="0.3")
    await desk.start()
    await desk.agent("scout")
    approval = await desk.propose("scout", desk.commit("scout", toml='model = "claude-x"\n'))
    await desk.approve(approval.id)
    released = await eventually(
        lambda: asyncio.sleep(0, [p for name, p in desk.events if name == "approval.approved"]), lambda p: len(p) > 1
    )
    assert all(p["config"]["model"] == "claude-x" for p in released)
    await desk.started(approval)
    await desk.finished(approval)
    await desk.until(approval.id, ApprovalStatus.DEPLOYED)
    await eventually(lambda: asyncio.sleep(0, desk.of(approval.id)), lambda names: "approval.resolved" in names)
    assert desk.of(approval.id).count("approval.resolved") == 1


@pytest.mark.spec("MSG-13", door="wire")
async def test_the_allow_list_that_is_deployed_holds_for_questions_too(desk):
    await desk.agent("scout")
    await desk.agent("scribe")
    approval = await desk.propose("scout", desk.commit("scout", toml='[messages]\nallow = ["manager"]\n'))
    scout = await desk.nats.bus("scout")

    async def ask(to: str, key: str) -> wire.Question:
        return await scout.call(wire.ASK, wire.AskRequest(question="how many?", to=to, key=key))

    assert (await ask("scribe", "1")).to == "scribe"
    await desk.deployed(approval)
    refused = await desk.refusal(ask("scribe", "2"))
    assert (refused.code, refused.details["allowed"]) == (ErrorCode.NOT_ALLOWED, ["manager"])
    assert [(await ask(to, to)).to for to in ("manager", "operator")] == ["manager", "operator"]
