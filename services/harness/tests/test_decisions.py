"""Questions, reminders, loose ends and requests for approval, through the tools, on a swarm with all its services."""

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hive_wire import approvals, broker
from hive_wire.approvals import AnswerRequest, ApprovalId, LooseEndKind
from hive_wire.model import Empty


@pytest.mark.spec("ASK-1", door="mcp")
@pytest.mark.spec("ASK-5", door="mcp")
@pytest.mark.spec("MCP-1", door="mcp")
async def test_a_question_to_the_operator_has_its_number_at_once_and_its_answer_as_mail(ann: Any) -> None:
    asked = await ann.given("ask", question="Tea or coffee?", options=["tea", "coffee"])
    assert (asked["to"], asked["outcome"], asked["options"]) == ("operator", None, ["tea", "coffee"])
    await ann.operator.call(approvals.ANSWER, AnswerRequest(id=asked["id"], options=["tea"], text="with milk"))
    event = await ann.event("question_answered", id=asked["id"])
    assert (event["answer"], event["answerer"], event["outcome"]) == ("tea, with milk", "operator", "answered")


@pytest.mark.spec("ASK-3", door="mcp")
@pytest.mark.spec("ASK-4", door="mcp")
@pytest.mark.spec("ASK-5", door="mcp")
async def test_an_agent_answers_what_another_asked_it_and_nobody_else_can(ann: Any, bob: Any, manager: Any) -> None:
    asked = await ann.given("ask", question="Where is it?", to="bob")
    event = await bob.event("question_asked", id=asked["id"])
    assert (event["asker"], event["question"]) == ("ann", "Where is it?")
    assert (await ann.refused("answer", id=asked["id"], answer="Here.")).startswith("forbidden: ")
    assert (await manager.refused("answer", id=asked["id"], answer="Here.")).startswith("forbidden: ")
    answered = await bob.given("answer", id=asked["id"], answer="In the shed.")
    assert (answered["answer"], answered["answerer"]) == ("In the shed.", "bob")
    late = await bob.refused("answer", id=asked["id"], answer="In the house.")
    assert late.startswith("already_answered: ")
    assert "In the shed." in late
    event = await ann.event("question_answered", id=asked["id"])
    assert (event["answer"], event["answerer"]) == ("In the shed.", "bob")


@pytest.mark.spec("ASK-4", door="mcp")
async def test_a_question_to_the_operator_is_no_agents_to_answer(ann: Any, bob: Any, manager: Any) -> None:
    asked = await ann.given("ask", question="May I?")
    for caller in (ann, bob, manager):
        assert (await caller.refused("answer", id=asked["id"], answer="Yes.")).startswith("forbidden: ")


@pytest.mark.spec("ASK-1", door="mcp")
async def test_nobody_can_ask_themselves_or_somebody_who_is_not_there(ann: Any) -> None:
    assert (await ann.refused("ask", question="Who am I?", to="ann")).startswith("bad_recipient: ")
    assert (await ann.refused("ask", question="Who are you?", to="nobody-here")).startswith("unknown_recipient: ")


@pytest.mark.spec("ASK-6", door="mcp")
@pytest.mark.spec("LOO-2", door="mcp")
async def test_a_question_is_cancelled_by_its_asker_or_the_manager_and_nobody_else(
    ann: Any, bob: Any, manager: Any
) -> None:
    for canceller in (ann, manager):
        asked = await ann.given("ask", question="Still needed?")
        end = {"kind": "question", "id": asked["id"]}
        assert (await bob.refused("cancel_loose_end", **end)).startswith("forbidden: ")
        assert await canceller.given("cancel_loose_end", **end) == end
        event = await ann.event("question_answered", id=asked["id"])
        assert (event["answer"], event["outcome"]) == (f"[cancelled by {canceller.name}]", "cancelled")


@pytest.mark.spec("REM-1", door="mcp")
async def test_a_reminder_comes_back_as_mail_at_its_time(bob: Any) -> None:
    for number, key in enumerate(("in_seconds", "at")):
        at = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        when = {"at": at} if key == "at" else {"in_seconds": 0.2}
        text = f"Look at bread {number}."
        reminder = await bob.given("remind", message=text, **when)
        assert (reminder["owner"], reminder["state"]) == ("bob", "pending")
        message = await bob.message(lambda mail, text=text: text in mail["body"])
        assert datetime.fromisoformat(message["stored_at"]) >= datetime.fromisoformat(reminder["due"])


@pytest.mark.spec("REM-1", door="mcp")
async def test_a_reminder_needs_one_time_that_is_not_over(bob: Any) -> None:
    over = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for when in ({}, {"in_seconds": 1, "at": "2040-01-01T00:00:00Z"}, {"at": over}):
        assert (await bob.refused("remind", message="x", **when)).startswith("bad_time: ")
    assert (await bob.refused("remind", message="x", at="2040-01-01T00:00:00")).startswith("bad_request: ")


@pytest.mark.spec("REM-2", door="mcp")
async def test_a_long_reminder_is_written_to_a_file_in_the_owners_folder(bob: Any, services: Any) -> None:
    text = "Every line of it.\n" * 100
    await bob.given("remind", message=text, in_seconds=0, file_path="later/plan.md")
    message = await bob.message(lambda mail: "later/plan.md" in mail["body"])
    assert text not in message["body"]
    state = services.hive.nats.folder / "shared/agents/bob/state"
    assert (state / "later/plan.md").read_text().strip() == text.strip()
    assert (await bob.refused("remind", message=text, in_seconds=0, file_path="/etc/plan.md")).startswith("bad_path: ")


@pytest.mark.spec("LOO-1", door="mcp")
@pytest.mark.spec("LOO-2", door="mcp")
@pytest.mark.spec("REM-4", door="mcp")
async def test_everybody_sees_their_own_loose_ends_and_the_manager_all(ann: Any, bob: Any, manager: Any) -> None:
    asked = await ann.given("ask", question="Is it done?", to="bob")
    reminder = await ann.given("remind", message="Ask again.", in_seconds=3600)
    question, later = ("question", asked["id"]), ("reminder", reminder["id"])

    async def seen_by(caller: Any) -> dict[tuple[str, int], dict[str, Any]]:
        ends = await caller.given("get_loose_ends")
        assert (ends["broken"], ends["unreachable"]) == ([], [])
        return {(end["kind"], end["id"]): end for end in ends["ends"]}

    assert {question, later} <= set(await seen_by(ann))
    assert question in await seen_by(bob)
    assert later not in await seen_by(bob)
    everything = await seen_by(manager)
    assert {question, later} <= set(everything)
    assert everything[question]["age_seconds"] >= 0
    assert everything[later]["waits_for"] == "clock"
    assert (await bob.refused("cancel_loose_end", kind="reminder", id=reminder["id"])).split(":")[0] in (
        "forbidden",
        "not_found",
    )
    await manager.given("cancel_loose_end", kind="reminder", id=reminder["id"])
    await ann.given("cancel_loose_end", kind="question", id=asked["id"])
    assert not {question, later} & set(await seen_by(manager))
    reminders = await ann.operator.call(broker.REMINDERS, broker.RemindersRequest(owner="ann"))
    assert reminder["id"] not in [one.id for one in reminders.reminders]


async def test_an_approval_is_not_to_be_cancelled(manager: Any) -> None:
    refusal = await manager.refused("cancel_loose_end", kind="approval", id=1)
    assert refusal.startswith("bad_request: ")


@pytest.mark.spec("APR-2", door="mcp")
async def test_a_spawn_waits_for_the_operator_and_a_bad_name_is_refused_at_once(manager: Any) -> None:
    approval = await manager.given("request_spawn", name="dora", description="She will draw.")
    assert (approval["kind"], approval["status"], approval["requested_by"]) == ("spawn", "pending", "manager")
    stored = await manager.operator.call(approvals.APPROVAL, ApprovalId(id=approval["id"]))
    assert (stored.agent, stored.description) == ("dora", "She will draw.")
    ends = await manager.operator.call(approvals.LOOSE_ENDS, Empty())
    assert (LooseEndKind.APPROVAL, approval["id"]) in [(end.kind, end.id) for end in ends.ends]
    for name, code in (
        ("Dora", "bad_name"),
        ("a/b", "bad_name"),
        ("ttl-watchdog", "reserved_name"),
        ("broker", "reserved_name"),
        ("ann", "name_taken"),
        ("dora", "name_taken"),
    ):
        assert (await manager.refused("request_spawn", name=name)).startswith(f"{code}: "), name


def git(folder: Any, *arguments: str) -> str:
    command = ["git", "-c", "user.name=m", "-c", "user.email=m@x", "-c", "safe.directory=*", "-C", str(folder)]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.spec("APR-9", door="mcp")
@pytest.mark.spec("APR-3", door="mcp")
async def test_a_draft_is_edited_committed_and_asked_for(manager: Any, services: Any) -> None:
    draft = await manager.given("request_spawn_draft", name="emil")
    folder = services.proposed / "emil"
    assert draft["start_commit"] == git(folder, "rev-parse", "HEAD")
    shared = {file.name: oct(file.stat().st_mode & 0o070) for file in folder.iterdir() if file.is_file()}
    assert set(shared.values()) == {oct(0o060)}, "the manager edits them as a member of their group"
    (folder / "agent.toml").write_text('model = "some-model"\n')
    git(folder, "add", "agent.toml")
    git(folder, "commit", "-qm", "A model of its own")
    commit = git(folder, "rev-parse", "HEAD")
    for wrong in ("main", "deployed/0", "HEAD"):
        refusal = await manager.refused("request_spawn_commit", name="emil", commit=wrong)
        assert refusal.startswith("bad_commit: "), wrong
    approval = await manager.given("request_spawn_commit", name="emil", commit=commit[:10], description="For stories.")
    assert (approval["kind"], approval["status"], approval["commit"]) == ("spawn", "pending", commit)
    diff = await manager.operator.call(approvals.DIFF, approvals.DiffRequest(id=approval["id"]))
    assert any('model = "some-model"' in part.text for part in diff.parts)


@pytest.mark.spec("APR-3", door="mcp")
async def test_a_change_of_an_agent_pins_one_commit_that_is_there(manager: Any, services: Any) -> None:
    folder = services.proposed / "ann"
    (folder / "agent.toml").write_text('[prompt]\nappend = "Be brief."\n')
    git(folder, "add", "agent.toml")
    git(folder, "commit", "-qm", "Brevity")
    commit = git(folder, "rev-parse", "HEAD")
    wish = {"agent": "ann", "description": "Shorter answers."}
    for wrong, code in (("main", "bad_commit"), ("0123456789", "unknown_commit"), ("abc", "bad_commit")):
        assert (await manager.refused("request_apply_commit", **wish, commit=wrong)).startswith(f"{code}: "), wrong
    refusal = await manager.refused("request_apply_commit", agent="nobody", commit=commit, description="x")
    assert refusal.startswith("unknown_agent: ")
    approval = await manager.given("request_apply_commit", **wish, commit=commit)
    assert (approval["kind"], approval["commit"], approval["status"]) == ("apply_commit", commit, "pending")


async def test_a_mistake_in_agent_toml_is_told_with_its_place(manager: Any, services: Any) -> None:
    folder = services.proposed / "bob"
    (folder / "agent.toml").write_text('modle = "x"\n')
    git(folder, "add", "agent.toml")
    git(folder, "commit", "-qm", "A typo")
    commit = git(folder, "rev-parse", "HEAD")
    refusal = await manager.refused("request_apply_commit", agent="bob", commit=commit, description="x")
    assert refusal.startswith("bad_config: ")
    assert "modle" in refusal
    assert "agent.toml" in refusal


@pytest.mark.spec("MCP-2", door="mcp")
async def test_the_manager_sees_agents_and_starts_stops_and_restarts_them(manager: Any, services: Any) -> None:
    listed = {agent["name"]: agent["container"] for agent in (await manager.given("list_agents"))["agents"]}
    assert (listed["ann"], listed["carl"]) == ("stopped", "running")
    result = await manager.call("logs", name="carl", lines=50)
    assert "ready" in "\n".join(block.text for block in result.content)
    for tool, transient, event, container in (
        ("restart", "restarting", None, "running"),
        ("stop", "stopping", "stopped", "stopped"),
        ("start", "starting", "started", "running"),
        ("kill", "killing", "killed", "stopped"),
        ("start", "starting", None, "running"),
        ("update", None, None, "running"),
    ):
        accepted = await manager.given(tool, name="carl")
        assert (accepted["agent"]["name"], accepted["agent"]["transient"]) == ("carl", transient)
        if event is not None:
            assert (await manager.event(event, agent="carl"))["ok"] is True
        await services.settled(manager.operator, "carl", container)
    assert (await manager.refused("start", name="nobody")).startswith("unknown_agent: ")
