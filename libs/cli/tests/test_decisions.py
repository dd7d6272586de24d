"""Approvals, questions and reminders through the command line, against real approvals and a real broker."""

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from hive_cli.problems import Exit
from hive_kit.swarm import SwarmConfig
from hive_kit.testing import eventually
from hive_wire import approvals, broker
from hive_wire.names import role_of

from .conftest import Running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("running")]
SECONDS = 60.0


def _commit(folder: Path) -> str:
    """Everything in the working copy in one commit; its id."""
    who = ("-c", "user.name=manager", "-c", "user.email=manager@localhost")
    for words in (("add", "-A"), ("commit", "-qm", "more")):
        subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)
    done = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _on_terminal(swarm: SwarmConfig, *arguments: str) -> str:
    """What the command prints where stdout is a terminal."""
    command = [sys.executable, "-m", "hive_cli", "--state", str(swarm.state), *arguments]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs) as process:
        os.close(theirs)
        read: list[bytes] = []
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while piece := os.read(ours, 65_536):
                read.append(piece)
        assert process.wait(SECONDS) == Exit.OK
    os.close(ours)
    return b"".join(read).decode()


@pytest.mark.spec("APR-5", door="cli")
@pytest.mark.spec("APR-13", door="cli")
async def test_a_decision_needs_the_hash_that_the_whole_diff_ended_with(running: Running) -> None:
    number = await running.proposal("poet", "writes \x1b[2Jpoems\u202e")
    waiting = {a["id"]: a for a in (await running.answer("pending"))["approvals"]}
    assert (waiting[number]["kind"], waiting[number]["status"]) == ("spawn", "pending")
    shown = (await running.hive("diff", str(number))).stdout
    assert "+{ " in shown
    assert "+++ b/agent.nix" in shown
    assert "writes <U+001B>[2Jpoems<U+202E>" in shown
    assert "\x1b" not in shown
    seen = shown.rsplit("hash: ", 1)[1].strip()
    assert seen == (await running.answer("diff", str(number)))["hash"]
    for command in ("approve", "deny"):
        done = await running.hive(command, str(number))
        assert (done.returncode, done.stderr.split(":")[0]) == (Exit.USAGE, "usage")
        assert f"hive diff {number}" in done.stderr
        assert await running.code_of(command, str(number), "--hash", "0" * 64) == "changed_since_shown"
    assert (await running.hive("approve", str(number), "--hash", seen)).stdout == f"#{number} approved\n"
    assert await running.code_of("deny", f"{number}:{seen}") == "already_decided"


@pytest.mark.spec("APR-5", door="cli")
async def test_a_diff_of_many_pages_is_printed_whole_and_coloured_on_a_terminal(running: Running) -> None:
    seeded = approvals.SeedRequest(agent="scout", role=role_of("scout"), requested_by="operator")
    await running.core.call(approvals.SEED_REPOS, seeded)
    lines = [f"line {number} {'x' * 50}" for number in range(36_000)]
    folder = running.swarm.state / "config" / "proposed" / "scout"
    for part in range(3):
        text = "\n".join(lines[part * 12_000 : (part + 1) * 12_000])
        (folder / f"long-{part}.txt").write_text(text + "\n")
    commit = _commit(folder)
    asked = approvals.ApplyCommitRequest(agent="scout", commit=commit, key="k")
    number = (await running.manager.call(approvals.REQUEST_APPLY_COMMIT, asked)).id
    first = await running.manager.call(approvals.DIFF, approvals.DiffRequest(id=number))
    assert first.next is not None
    plain = (await running.hive("diff", str(number))).stdout
    assert [line[1:] for line in plain.splitlines() if line.startswith("+line ")] == lines
    assert plain.endswith(f"hash: {first.hash}\n")
    shown = await asyncio.to_thread(_on_terminal, running.swarm, "diff", str(number), "--cursor", first.next)
    assert f"\x1b[32m+{lines[20_000]}\x1b[0m" in shown
    assert lines[0] not in shown


@pytest.mark.spec("APR-14", door="cli")
@pytest.mark.spec("APR-7", door="cli")
async def test_several_are_decided_at_once_with_one_reason_and_a_result_each(running: Running) -> None:
    numbers = [await running.proposal(name) for name in ("ann", "ben", "cem")]
    hashes = [(await running.answer("diff", str(number)))["hash"] for number in numbers]
    done = await running.hive(
        "deny", f"{numbers[0]}:{hashes[0]}", str(numbers[1]), f"{numbers[2]}:wrong",
        "--hash", hashes[1], "--reason", "not now",
    )  # fmt: skip
    assert done.returncode == Exit.FAILED
    assert done.stdout.splitlines() == [f"#{number} denied" for number in numbers[:2]]
    assert done.stderr.startswith(f"changed_since_shown: #{numbers[2]}: ")
    resolved = [a for a in (await running.answer("history"))["approvals"] if a["id"] in numbers]
    assert [(a["agent"], a["status"], a["note"]) for a in resolved] == [
        ("ben", "denied", "not now"),
        ("ann", "denied", "not now"),
    ]
    again = await running.answer("deny", f"{numbers[0]}:{hashes[0]}", code=Exit.FAILED)
    assert again["results"][0]["code"] == "already_decided"


@pytest.mark.parametrize(
    "arguments", [("x", "--hash", "h"), ("1", "--hash", "h", "--hash", "i"), ("1", "2", "--hash", "h")]
)
async def test_a_decision_that_is_not_whole_is_a_usage_error(running: Running, arguments: tuple[str, ...]) -> None:
    done = await running.hive("approve", *arguments)
    assert (done.returncode, done.stderr.split(":")[0]) == (Exit.USAGE, "usage")


@pytest.mark.spec("APR-10", door="cli")
async def test_history_is_paged_from_the_last_resolved_one(running: Running) -> None:
    before = (await running.answer("history"))["total"]
    numbers = [await running.proposal(name) for name in ("ada", "bob", "cyd")]
    for number in numbers:
        await running.answer("deny", f"{number}:{(await running.answer('diff', str(number)))['hash']}")
    first = await running.answer("history", "--limit", "2")
    assert ([a["id"] for a in first["approvals"]], first["more"], first["total"]) == (
        numbers[:0:-1], True, before + 3,
    )  # fmt: skip
    second = await running.answer("history", "--limit", "1", "--before", first["before"])
    assert ([a["id"] for a in second["approvals"]], second["more"]) == (numbers[:1], before > 0)
    assert f"hive history --before {first['before']}" in (await running.hive("history", "--limit", "2")).stdout


@pytest.mark.spec("APR-2", door="cli")
async def test_a_spawn_is_requested_and_a_bad_name_is_refused_at_once(running: Running) -> None:
    asked = await running.answer("request-spawn", "newcomer", "--description", "a new one", "--key", "k")
    assert (asked["agent"], asked["status"], asked["requested_by"]) == ("newcomer", "pending", "operator")
    assert (await running.answer("request-spawn", "newcomer", "--description", "a new one", "--key", "k"))[
        "id"
    ] == asked["id"]
    assert await running.code_of("request-spawn", "newcomer") == "name_taken"


async def test_drafts_are_listed_and_discarded(running: Running) -> None:
    made = await running.manager.call(approvals.REQUEST_SPAWN_DRAFT, approvals.DraftRequest(name="novelist", key="k"))
    assert [(d["name"], d["start_commit"]) for d in (await running.answer("drafts"))["drafts"]] == [
        ("novelist", made.start_commit)
    ]
    assert await running.answer("discard-draft", "novelist") == {"name": "novelist"}
    assert (await running.hive("drafts")).stdout == "no drafts\n"
    assert await running.code_of("discard-draft", "novelist") == "unknown_draft"


async def test_what_is_deployed_can_be_read(running: Running) -> None:
    seeded = approvals.SeedRequest(agent="reader", role=role_of("reader"), requested_by="operator")
    commit = (await running.core.call(approvals.SEED_REPOS, seeded)).commit
    found = await running.answer("config", "reader")
    assert (found["commit"], found["path"]) == (commit, "agent.nix")
    assert (await running.hive("config", "reader", "flake.nix")).stdout.rstrip("\n") == (
        await running.answer("config", "reader", "flake.nix")
    )["text"].rstrip("\n")
    assert "reader" in [a["agent"] for a in (await running.answer("history"))["approvals"]]


@pytest.mark.spec("ASK-4", door="cli")
@pytest.mark.spec("ASK-5", door="cli")
async def test_an_agents_question_is_listed_read_and_answered(running: Running) -> None:
    number = await running.asked("which\x1b[1m colours?", options=["red", "green", "blue"], multi=True, ttl_seconds=600)
    listed = [q for q in (await running.answer("questions"))["questions"] if q["id"] == number]
    assert [(q["id"], q["asker"], q["to"]) for q in listed] == [(number, "scout", "operator")]
    for arguments in (("questions",), ("questions", str(number))):
        shown = (await running.hive(*arguments)).stdout
        assert "colours?" in shown
        assert "\x1b" not in shown
    assert await running.code_of("answer", str(number)) == "bad_answer"
    assert await running.code_of("answer", str(number), "--option", "pink") == "bad_answer"
    done = await running.hive("answer", str(number), "-", "--option", "blue", "--option", "red", text="and more")
    assert done.stdout == f"#{number} answered; scout reads: red, blue, and more\n"
    assert await running.code_of("answer", str(number), "late") == "already_answered"
    assert number not in [q["id"] for q in (await running.answer("questions"))["questions"]]
    ended = [q for q in (await running.answer("questions", "--all"))["questions"] if q["id"] == number]
    assert [(q["answer"], q["answerer"]) for q in ended] == [("red, blue, and more", "operator")]
    assert await running.code_of("questions", "999") == "not_found"


@pytest.mark.spec("ASK-1", door="cli")
async def test_the_operator_asks_an_agent(running: Running) -> None:
    asked = await running.answer("ask", "scout", "done?", "--option", "yes", "--option", "no", "--ttl", "10m")
    assert (asked["asker"], asked["to"], asked["options"]) == ("operator", "scout", ["yes", "no"])
    span = datetime.fromisoformat(asked["deadline"]) - datetime.fromisoformat(asked["asked_at"])
    assert span.total_seconds() == 600
    assert await running.code_of("ask", "operator", "me?") == "bad_recipient"
    assert await running.code_of("ask", "nobody", "you?") == "unknown_recipient"
    assert await running.code_of("ask", "scout", "when?", "--ttl", "soon") == "bad_time"
    answer = approvals.AnswerRequest(id=asked["id"], text="yes")
    assert (await running.scout.call(approvals.ANSWER, answer)).answerer == "scout"


@pytest.mark.spec("ASK-6", door="cli")
@pytest.mark.spec("LOO-2", door="cli")
async def test_a_question_and_a_reminder_are_cancelled(running: Running) -> None:
    question = await running.asked()
    reminder = (await running.answer("remind", "look", "--in", "1h"))["id"]
    assert (await running.hive("cancel", "question", str(question))).stdout == f"question #{question} is cancelled\n"
    ended = await running.answer("questions", str(question))
    assert (ended["outcome"], ended["answer"], ended["answerer"]) == ("cancelled", "[cancelled]", "operator")
    assert (await running.answer("cancel", "reminder", str(reminder))) == {"kind": "reminder", "id": reminder}
    assert await running.code_of("cancel", "reminder", str(reminder)) == "not_pending"
    assert await running.code_of("cancel", "question", str(question)) == "already_answered"
    assert await running.code_of("cancel", "approval", "1") == "bad_request"
    assert await running.code_of("cancel", "nonsense", "1") == "bad_request"


@pytest.mark.spec("LOO-1", door="cli")
async def test_loose_ends_of_all_are_shown_with_their_age(running: Running) -> None:
    before = [(e["kind"], e["id"]) for e in (await running.answer("loose-ends"))["ends"]]
    approval = await running.proposal("lodger")
    question = await running.asked("which way?")
    reminder = (await running.answer("remind", "look again", "--in", "1h"))["id"]
    ends = (await running.answer("loose-ends"))["ends"]
    assert [end for e in ends if (end := (e["kind"], e["id"])) not in before] == [
        ("approval", approval), ("question", question), ("reminder", reminder),
    ]  # fmt: skip
    shown = (await running.hive("loose-ends")).stdout
    assert all(text in shown for text in ("lodger", "which way?", "look again", "clock"))


@pytest.mark.spec("REM-1", door="cli")
async def test_a_reminder_comes_to_the_operators_inbox(running: Running) -> None:
    number = (await running.answer("remind", "stretch", "--in", "0.2s"))["id"]

    async def arrived() -> bool:
        return any("stretch" in m["body"] for m in (await running.answer("inbox"))["messages"])

    await eventually(arrived, seconds=SECONDS)
    assert number not in [r["id"] for r in (await running.answer("reminders"))["reminders"]]


@pytest.mark.spec("REM-4", door="cli")
async def test_open_reminders_of_all_are_listed_and_counted(running: Running) -> None:
    mine = await running.answer("remind", "-", "--at", "2999-01-01T12:00+01:00", text="far away")
    assert mine["due"].startswith("2999-01-01T11:00:00")
    await running.scout.call(broker.REMIND, broker.RemindRequest(message="later", in_seconds=3600, key="k"))
    listed = await running.answer("reminders")
    assert {("operator", "far away"), ("scout", "later")} <= {(r["owner"], r["message"]) for r in listed["reminders"]}
    assert {c["owner"]: c["open"] for c in listed["counts"]} == Counter(r["owner"] for r in listed["reminders"])
    assert [r["owner"] for r in (await running.answer("reminders", "--owner", "scout"))["reminders"]] == ["scout"]
    assert await running.code_of("remind", "when?") == "bad_time"
    assert await running.code_of("remind", "both", "--in", "1h", "--at", "2999-01-01T12:00Z") == "bad_time"
    assert await running.code_of("remind", "past", "--at", "2001-01-01T12:00Z") == "bad_time"


async def test_an_update_is_asked_for(running: Running) -> None:
    assert (await running.hive("update", "scout")).stdout == "scout: running\n"
    assert await running.code_of("update", "nobody") == "unknown_agent"
