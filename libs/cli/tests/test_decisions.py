"""Approvals, questions and reminders through the command line, against real approvals and a real broker."""

import asyncio
import contextlib
import json
import os
import pty
import secrets
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hive_cli.problems import Exit
from hive_cli.supervisor.keeper import Keeper
from hive_cli.supervisor.plan import processes
from hive_kit.bus import Bus, Caller, Service
from hive_kit.identity import SigningKey, mint
from hive_kit.swarm import SwarmConfig
from hive_wire import approvals, broker, lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.lifecycle import AgentName, AgentView, ContainerState
from hive_wire.model import Empty, Wire
from hive_wire.names import MANAGER, role_of
from hive_wire.permissions import SigningRole

SECONDS = 60.0
AGENTS = (MANAGER, "scout")


class Lifecycle:
    """Lifecycle as approvals meets it."""

    async def status(self, _caller: Caller, request: AgentName) -> AgentView:
        if request.name not in AGENTS:
            raise Refusal(ErrorCode.UNKNOWN_AGENT, f"there is no agent {request.name}")
        now, up = datetime.now(UTC), ContainerState.RUNNING
        return AgentView(
            name=request.name, role=role_of(request.name), container=up, container_since=now, wanted=True,
            port=20_000, created_at=now,
        )  # fmt: skip

    async def listed(self, caller: Caller, _request: Empty) -> lifecycle.AgentList:
        nothing = lifecycle.Capabilities(
            runtime="local", sandboxed=True, separate_users=True, memory_limits=True, notes=[]
        )
        views = [await self.status(caller, AgentName(name=name)) for name in AGENTS]
        return lifecycle.AgentList(agents=views, capabilities=nothing)

    async def nothing(self, _caller: Caller, _request: Wire) -> Empty:
        return Empty()

    async def update(self, caller: Caller, request: AgentName) -> lifecycle.Accepted:
        return lifecycle.Accepted(action=1, agent=await self.status(caller, request))

    async def answer(self, bus: Bus) -> None:
        service = Service(bus, "lifecycle", "1.0.0", "stands in")
        service.add(lifecycle.STATUS, self.status)
        service.add(lifecycle.LIST, self.listed)
        service.add(lifecycle.UPDATE, self.update)
        for verb in (lifecycle.CHECK_NAME, lifecycle.MAKE_DRAFT, lifecycle.DROP_DRAFT):
            service.add(verb, self.nothing)
        await service.start()


@dataclass
class Deciding:
    """A running swarm, with connections as others than the operator."""

    swarm: SwarmConfig
    lifecycle: Bus
    manager: Bus
    scout: Bus

    async def hive(self, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "hive_cli", "--state", str(self.swarm.state), *arguments]

        def run() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(command, capture_output=True, text=True, input=text, timeout=60, check=False)

        return await asyncio.to_thread(run)

    async def answer(self, *arguments: str, text: str = "", code: int = Exit.OK) -> Any:
        done = await self.hive(*arguments, "--json", text=text)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    async def code_of(self, *arguments: str, exit_code: int = Exit.FAILED) -> str:
        done = await self.hive(*arguments)
        assert done.returncode == exit_code, done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1
        return done.stderr.split(":")[0]

    async def proposal(self, name: str, description: str = "") -> int:
        """An approval that waits: a new agent, as the manager asks for one."""
        asked = approvals.SpawnRequest(name=name, description=description, key=secrets.token_hex(8))
        return (await self.manager.call(approvals.REQUEST_SPAWN, asked)).id

    async def asked(self, question: str = "which?", **more: object) -> int:
        request = approvals.AskRequest.model_validate({"question": question, "key": secrets.token_hex(8), **more})
        return (await self.scout.call(approvals.ASK, request)).id


@pytest.fixture
async def deciding(swarm: SwarmConfig, tmp_path: Path) -> AsyncGenerator[Deciding]:
    keepers = [Keeper(p, tmp_path, lambda: None) for p in processes(swarm) if p.name in ("nats", "broker", "approvals")]
    tasks = [asyncio.create_task(keeper.keep()) for keeper in keepers]
    async with asyncio.timeout(SECONDS):
        for keeper in keepers:
            await keeper.ready.wait()
    core = await Bus.connect(swarm.nats_url, "lifecycle", swarm.creds("lifecycle"))
    await Lifecycle().answer(core)
    for name in AGENTS:
        await core.call(broker.OPEN_INBOX, broker.InboxName(name=name))
    buses = {name: await Bus.connect(swarm.nats_url, name, _creds(swarm, tmp_path, name)) for name in AGENTS}
    yield Deciding(swarm, core, buses[MANAGER], buses["scout"])
    for bus in (core, *buses.values()):
        await bus.close()
    for keeper in reversed(keepers):
        await keeper.stop()
    await asyncio.gather(*tasks)


def _creds(swarm: SwarmConfig, folder: Path, name: str) -> Path:
    role = SigningRole.MANAGER if name == MANAGER else SigningRole.AGENT
    path = folder / f"{name}.creds"
    path.write_text(mint(SigningKey.load(swarm.signing_key(role)), name, int(datetime.now(UTC).timestamp())).text)
    return path


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
async def test_a_decision_needs_the_hash_that_the_whole_diff_ended_with(deciding: Deciding) -> None:
    number = await deciding.proposal("newcomer", "writes \x1b[2Jpoems\u202e")
    waiting = (await deciding.answer("pending"))["approvals"]
    assert [(a["id"], a["kind"], a["status"]) for a in waiting] == [(number, "spawn", "pending")]
    shown = (await deciding.hive("diff", str(number))).stdout
    assert "+{ " in shown
    assert "+++ b/agent.nix" in shown
    assert "writes <U+001B>[2Jpoems<U+202E>" in shown
    assert "\x1b" not in shown
    seen = shown.rsplit("hash: ", 1)[1].strip()
    assert seen == (await deciding.answer("diff", str(number)))["hash"]
    for command in ("approve", "deny"):
        done = await deciding.hive(command, str(number))
        assert (done.returncode, done.stderr.split(":")[0]) == (Exit.USAGE, "usage")
        assert f"hive diff {number}" in done.stderr
        assert await deciding.code_of(command, str(number), "--hash", "0" * 64) == "changed_since_shown"
    assert (await deciding.hive("approve", str(number), "--hash", seen)).stdout == f"#{number} approved\n"
    assert await deciding.code_of("deny", f"{number}:{seen}") == "already_decided"


@pytest.mark.spec("APR-5", door="cli")
async def test_a_diff_of_many_pages_is_printed_whole_and_coloured_on_a_terminal(deciding: Deciding) -> None:
    seeded = approvals.SeedRequest(agent="scout", role=role_of("scout"), requested_by="operator")
    await deciding.lifecycle.call(approvals.SEED_REPOS, seeded)
    lines = [f"line {number} {'x' * 50}" for number in range(36_000)]
    folder = deciding.swarm.state / "config" / "proposed" / "scout"
    for part in range(3):
        text = "\n".join(lines[part * 12_000 : (part + 1) * 12_000])
        (folder / f"long-{part}.txt").write_text(text + "\n")
    commit = _commit(folder)
    asked = approvals.ApplyCommitRequest(agent="scout", commit=commit, key="k")
    number = (await deciding.manager.call(approvals.REQUEST_APPLY_COMMIT, asked)).id
    first = await deciding.manager.call(approvals.DIFF, approvals.DiffRequest(id=number))
    assert first.next is not None
    plain = (await deciding.hive("diff", str(number))).stdout
    assert [line[1:] for line in plain.splitlines() if line.startswith("+line ")] == lines
    assert plain.endswith(f"hash: {first.hash}\n")
    shown = await asyncio.to_thread(_on_terminal, deciding.swarm, "diff", str(number), "--cursor", first.next)
    assert f"\x1b[32m+{lines[20_000]}\x1b[0m" in shown
    assert lines[0] not in shown


@pytest.mark.spec("APR-14", door="cli")
@pytest.mark.spec("APR-7", door="cli")
async def test_several_are_decided_at_once_with_one_reason_and_a_result_each(deciding: Deciding) -> None:
    numbers = [await deciding.proposal(name) for name in ("ada", "bob", "cyd")]
    hashes = [(await deciding.answer("diff", str(number)))["hash"] for number in numbers]
    done = await deciding.hive(
        "deny", f"{numbers[0]}:{hashes[0]}", str(numbers[1]), f"{numbers[2]}:wrong",
        "--hash", hashes[1], "--reason", "not now",
    )  # fmt: skip
    assert done.returncode == Exit.FAILED
    assert done.stdout.splitlines() == [f"#{number} denied" for number in numbers[:2]]
    assert done.stderr.startswith(f"changed_since_shown: #{numbers[2]}: ")
    resolved = (await deciding.answer("history"))["approvals"]
    assert [(a["agent"], a["status"], a["note"]) for a in resolved] == [
        ("bob", "denied", "not now"),
        ("ada", "denied", "not now"),
    ]
    again = await deciding.answer("deny", f"{numbers[0]}:{hashes[0]}", code=Exit.FAILED)
    assert again["results"][0]["code"] == "already_decided"


@pytest.mark.parametrize(
    "arguments", [("x", "--hash", "h"), ("1", "--hash", "h", "--hash", "i"), ("1", "2", "--hash", "h")]
)
async def test_a_decision_that_is_not_whole_is_a_usage_error(swarm: SwarmConfig, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "hive_cli", "--state", str(swarm.state), "approve", *arguments]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.split(":")[0]) == (Exit.USAGE, "usage")


@pytest.mark.spec("APR-10", door="cli")
async def test_history_is_paged_from_the_last_resolved_one(deciding: Deciding) -> None:
    numbers = [await deciding.proposal(name) for name in ("ada", "bob", "cyd")]
    for number in numbers:
        await deciding.answer("deny", f"{number}:{(await deciding.answer('diff', str(number)))['hash']}")
    first = await deciding.answer("history", "--limit", "2")
    assert ([a["id"] for a in first["approvals"]], first["more"], first["total"]) == (numbers[:0:-1], True, 3)
    second = await deciding.answer("history", "--limit", "2", "--before", first["before"])
    assert ([a["id"] for a in second["approvals"]], second["more"]) == (numbers[:1], False)
    assert f"hive history --before {first['before']}" in (await deciding.hive("history", "--limit", "2")).stdout


@pytest.mark.spec("APR-2", door="cli")
async def test_a_spawn_is_requested_and_a_bad_name_is_refused_at_once(deciding: Deciding) -> None:
    asked = await deciding.answer("request-spawn", "newcomer", "--description", "a new one", "--key", "k")
    assert (asked["agent"], asked["status"], asked["requested_by"]) == ("newcomer", "pending", "operator")
    assert (await deciding.answer("request-spawn", "newcomer", "--description", "a new one", "--key", "k"))[
        "id"
    ] == asked["id"]
    assert await deciding.code_of("request-spawn", "newcomer") == "name_taken"


async def test_drafts_are_listed_and_discarded(deciding: Deciding) -> None:
    assert (await deciding.hive("drafts")).stdout == "no drafts\n"
    made = await deciding.manager.call(approvals.REQUEST_SPAWN_DRAFT, approvals.DraftRequest(name="poet", key="k"))
    assert [(d["name"], d["start_commit"]) for d in (await deciding.answer("drafts"))["drafts"]] == [
        ("poet", made.start_commit)
    ]
    assert await deciding.answer("discard-draft", "poet") == {"name": "poet"}
    assert (await deciding.answer("drafts"))["drafts"] == []
    assert await deciding.code_of("discard-draft", "poet") == "unknown_draft"


async def test_what_is_deployed_can_be_read(deciding: Deciding) -> None:
    seeded = approvals.SeedRequest(agent="scout", role=role_of("scout"), requested_by="operator")
    commit = (await deciding.lifecycle.call(approvals.SEED_REPOS, seeded)).commit
    found = await deciding.answer("config", "scout")
    assert (found["commit"], found["path"]) == (commit, "agent.nix")
    assert (await deciding.hive("config", "scout", "flake.nix")).stdout.rstrip("\n") == (
        await deciding.answer("config", "scout", "flake.nix")
    )["text"].rstrip("\n")
    assert [a["agent"] for a in (await deciding.answer("history"))["approvals"]] == ["scout"]


@pytest.mark.spec("ASK-4", door="cli")
@pytest.mark.spec("ASK-5", door="cli")
async def test_an_agents_question_is_listed_read_and_answered(deciding: Deciding) -> None:
    number = await deciding.asked(
        "which\x1b[1m colours?", options=["red", "green", "blue"], multi=True, ttl_seconds=600
    )
    listed = (await deciding.answer("questions"))["questions"]
    assert [(q["id"], q["asker"], q["to"]) for q in listed] == [(number, "scout", "operator")]
    for arguments in (("questions",), ("questions", str(number))):
        shown = (await deciding.hive(*arguments)).stdout
        assert "colours?" in shown
        assert "\x1b" not in shown
    assert await deciding.code_of("answer", str(number)) == "bad_answer"
    assert await deciding.code_of("answer", str(number), "--option", "pink") == "bad_answer"
    done = await deciding.hive("answer", str(number), "-", "--option", "blue", "--option", "red", text="and more")
    assert done.stdout == f"#{number} answered; scout reads: red, blue, and more\n"
    assert await deciding.code_of("answer", str(number), "late") == "already_answered"
    assert (await deciding.hive("questions")).stdout == "no open questions\n"
    ended = (await deciding.answer("questions", "--all"))["questions"]
    assert [(q["answer"], q["answerer"]) for q in ended] == [("red, blue, and more", "operator")]
    assert await deciding.code_of("questions", "999") == "not_found"


@pytest.mark.spec("ASK-1", door="cli")
async def test_the_operator_asks_an_agent(deciding: Deciding) -> None:
    asked = await deciding.answer("ask", "scout", "done?", "--option", "yes", "--option", "no", "--ttl", "10m")
    assert (asked["asker"], asked["to"], asked["options"]) == ("operator", "scout", ["yes", "no"])
    span = datetime.fromisoformat(asked["deadline"]) - datetime.fromisoformat(asked["asked_at"])
    assert span.total_seconds() == 600
    assert await deciding.code_of("ask", "operator", "me?") == "bad_recipient"
    assert await deciding.code_of("ask", "nobody", "you?") == "unknown_recipient"
    assert await deciding.code_of("ask", "scout", "when?", "--ttl", "soon") == "bad_time"
    answer = approvals.AnswerRequest(id=asked["id"], text="yes")
    assert (await deciding.scout.call(approvals.ANSWER, answer)).answerer == "scout"


@pytest.mark.spec("ASK-6", door="cli")
@pytest.mark.spec("LOO-2", door="cli")
async def test_a_question_and_a_reminder_are_cancelled(deciding: Deciding) -> None:
    question = await deciding.asked()
    reminder = (await deciding.answer("remind", "look", "--in", "1h"))["id"]
    assert (await deciding.hive("cancel", "question", str(question))).stdout == f"question #{question} is cancelled\n"
    ended = await deciding.answer("questions", str(question))
    assert (ended["outcome"], ended["answer"], ended["answerer"]) == ("cancelled", "[cancelled]", "operator")
    assert (await deciding.answer("cancel", "reminder", str(reminder))) == {"kind": "reminder", "id": reminder}
    assert await deciding.code_of("cancel", "reminder", str(reminder)) == "not_pending"
    assert await deciding.code_of("cancel", "question", str(question)) == "already_answered"
    assert await deciding.code_of("cancel", "approval", "1") == "bad_request"
    assert await deciding.code_of("cancel", "nonsense", "1") == "bad_request"


@pytest.mark.spec("LOO-1", door="cli")
async def test_loose_ends_of_all_are_shown_with_their_age(deciding: Deciding) -> None:
    assert (await deciding.hive("loose-ends")).stdout == "no loose ends\n"
    approval = await deciding.proposal("newcomer")
    question = await deciding.asked("which way?")
    reminder = (await deciding.answer("remind", "look again", "--in", "1h"))["id"]
    ends = (await deciding.answer("loose-ends"))["ends"]
    assert [(e["kind"], e["id"]) for e in ends] == [
        ("approval", approval), ("question", question), ("reminder", reminder),
    ]  # fmt: skip
    shown = (await deciding.hive("loose-ends")).stdout
    assert all(text in shown for text in ("newcomer", "which way?", "look again", "clock"))


@pytest.mark.spec("REM-1", door="cli")
async def test_a_reminder_comes_to_the_operators_inbox(deciding: Deciding) -> None:
    await deciding.answer("remind", "stretch", "--in", "0.2s")

    async def arrived() -> bool:
        return any("stretch" in m["body"] for m in (await deciding.answer("inbox"))["messages"])

    async with asyncio.timeout(SECONDS):
        while not await arrived():
            pass
    assert (await deciding.hive("reminders")).stdout == "no open reminders\n"


@pytest.mark.spec("REM-4", door="cli")
async def test_open_reminders_of_all_are_listed_and_counted(deciding: Deciding) -> None:
    mine = await deciding.answer("remind", "-", "--at", "2999-01-01T12:00+01:00", text="far away")
    assert mine["due"].startswith("2999-01-01T11:00:00")
    await deciding.scout.call(broker.REMIND, broker.RemindRequest(message="later", in_seconds=3600, key="k"))
    listed = await deciding.answer("reminders")
    assert [(r["owner"], r["message"]) for r in listed["reminders"]] == [("operator", "far away"), ("scout", "later")]
    assert {c["owner"]: c["open"] for c in listed["counts"]} == {"operator": 1, "scout": 1}
    assert [r["owner"] for r in (await deciding.answer("reminders", "--owner", "scout"))["reminders"]] == ["scout"]
    assert await deciding.code_of("remind", "when?") == "bad_time"
    assert await deciding.code_of("remind", "both", "--in", "1h", "--at", "2999-01-01T12:00Z") == "bad_time"
    assert await deciding.code_of("remind", "past", "--at", "2001-01-01T12:00Z") == "bad_time"


async def test_an_update_is_asked_for(deciding: Deciding) -> None:
    assert (await deciding.hive("update", "scout")).stdout == "scout: running\n"
    assert await deciding.code_of("update", "nobody") == "unknown_agent"
