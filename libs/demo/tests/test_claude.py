"""The real Claude Code CLI, served by the scripted model."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import claude_agent_sdk
import pytest
from hive_demo.testing import RunningModel, script, step, steps, tool

pytestmark = pytest.mark.claude
CLI = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
LONGEST_RUN = 60


@dataclass(frozen=True)
class Run:
    events: list[dict[str, Any]]
    code: int | None

    @property
    def result(self) -> dict[str, Any]:
        return next(event for event in reversed(self.events) if event["type"] == "result")

    def of(self, kind: str, subtype: str | None = None) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind and subtype in (None, event.get("subtype"))]


def environment(model: RunningModel, home: Path, agent: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_API_KEY": "dummy",
        "ANTHROPIC_BASE_URL": model.base_url(agent),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
    }


async def claude(model: RunningModel, home: Path, prompt: str, agent: str = "coder", *more: str) -> Run:
    options = ["-p", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions", *more]
    pipe = asyncio.subprocess.PIPE
    cli = await asyncio.create_subprocess_exec(
        str(CLI), *options, stdin=pipe, stdout=pipe, cwd=home, env=environment(model, home, agent)
    )
    try:
        out, _ = await asyncio.wait_for(cli.communicate(prompt.encode()), LONGEST_RUN)
    finally:
        if cli.returncode is None:
            cli.kill()
            await cli.wait()
    return Run([json.loads(line) for line in out.splitlines()], cli.returncode)


async def test_a_scripted_text_is_the_result_of_the_turn(model: RunningModel, tmp_path: Path) -> None:
    run = await claude(model, tmp_path, script(step("Good morning"), prompt="hello"))
    assert (run.code, run.result["result"], run.result["is_error"]) == (0, "Good morning", False)
    assert [(record.agent, record.source, record.outcome) for record in model.requests] == [
        ("coder", "script", "answered")
    ]


async def test_a_scripted_tool_call_is_carried_out_by_claude_code(model: RunningModel, tmp_path: Path) -> None:
    looked = step("I look.", tool("Bash", command="echo from-the-shell", description="Say it"), thinking="hm")
    run = await claude(model, tmp_path, script(looked, step("Seen.")))
    assert run.of("user")[0]["message"]["content"][0]["content"] == "from-the-shell"
    assert (run.result["result"], run.result["num_turns"]) == ("Seen.", 2)
    assert [record.called for record in model.requests] == [["Bash"], []]


async def test_an_overload_is_retried_until_the_answer_comes(model: RunningModel, tmp_path: Path) -> None:
    error = {"status": 529, "type": "overloaded_error", "message": "Overloaded", "times": 1}
    run = await claude(model, tmp_path, script(step("Now.", error=error)))
    assert run.result["result"] == "Now."
    assert [event["error_status"] for event in run.of("system", "api_retry")] == [529]
    assert [record.outcome for record in model.requests] == ["refused", "answered"]


@pytest.mark.parametrize("place", ["start", "middle"])
async def test_a_dropped_connection_is_tried_again(model: RunningModel, tmp_path: Path, place: str) -> None:
    run = await claude(model, tmp_path, script(step("Whole.", drop={"at": place, "times": 1})))
    assert run.result["result"] == "Whole."
    assert [record.outcome for record in model.requests] == ["cut", "answered"]


async def test_an_answer_cut_off_by_an_error_goes_on_with_the_next_step(model: RunningModel, tmp_path: Path) -> None:
    run = await claude(model, tmp_path, script(step("Half", sse_error={}), step(" a word.")))
    assert run.code == 0
    assert [(record.step, record.outcome) for record in model.requests] == [(0, "cut"), (1, "answered")]


async def test_a_resumed_session_goes_on_with_the_next_script_of_the_queue(model: RunningModel, tmp_path: Path) -> None:
    model.set_script("coder", steps(step("first")), steps(step("second")))
    first = await claude(model, tmp_path, "go")
    second = await claude(model, tmp_path, "go", "coder", f"--resume={first.result['session_id']}")
    assert (first.result["result"], second.result["result"]) == ("first", "second")


async def test_the_demo_answers_with_text_where_no_hive_tools_are(model: RunningModel, tmp_path: Path) -> None:
    run = await claude(model, tmp_path, "from: operator\nmessage: #1\n\nWhat is new?", "scout")
    assert run.result["result"] == "I read: “What is new?”."
    assert [record.source for record in model.requests] == ["rules"]


async def test_a_message_sent_during_a_turn_belongs_to_that_turn(model: RunningModel, tmp_path: Path) -> None:
    options = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    pipe = asyncio.subprocess.PIPE
    cli = await asyncio.create_subprocess_exec(
        str(CLI), *options, "--dangerously-skip-permissions",
        stdin=pipe, stdout=pipe, cwd=tmp_path, env=environment(model, tmp_path, "coder"), limit=1 << 24,
    )  # fmt: skip
    assert cli.stdin and cli.stdout

    def say(text: str, uuid: str) -> bytes:
        message = {"role": "user", "content": text}
        return json.dumps({"type": "user", "uuid": uuid, "message": message}).encode() + b"\n"

    first, second = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    held = step("I wait.", tool("Bash", command="while [ ! -e go ]; do sleep 0.05; done", description="Wait"))
    try:
        cli.stdin.write(say(script(held, step("Both read.")), first))
        async with asyncio.timeout(LONGEST_RUN):
            async for line in cli.stdout:
                event = json.loads(line)
                if event["type"] == "assistant" and event["message"]["content"][0]["type"] == "tool_use":
                    cli.stdin.write(say("from: bob\n\nHi?", second))
                if (event.get("command_uuid"), event.get("state")) == (second, "queued"):
                    (tmp_path / "go").touch()
                if event["type"] == "result":
                    break
    finally:
        cli.stdin.close()
        await asyncio.wait_for(cli.wait(), 10)
    assert event["result"] == "Both read."
    assert [(record.source, record.step) for record in model.requests] == [("script", 0), ("script", 1)]
    assert b"from: bob" in (model.body(2) or b"")


async def test_a_long_prompt_is_compacted_and_asked_again(model: RunningModel, tmp_path: Path) -> None:
    for prompt in ("one", "two"):
        more = ["--continue"] if prompt == "two" else []
        await claude(model, tmp_path, prompt, "coder", *more)
    message = "prompt is too long: 300000 tokens > 200000 maximum"
    error = {"status": 400, "type": "invalid_request_error", "message": message, "times": 1}
    run = await claude(model, tmp_path, script(step("Fits.", error=error)), "coder", "--continue")
    assert run.result["result"] == "Fits."
    assert "compaction" in [record.source for record in model.requests]


HIVE = """
import json, sys
from pathlib import Path
from mcp.server.mcpserver import MCPServer

hive = MCPServer("hyperhive")

@hive.tool()
def send(to: str, body: str, in_reply_to: int | None = None) -> str:
    with Path(sys.argv[1]).open("a") as sent:
        sent.write(json.dumps([to, in_reply_to, body]) + "\\n")
    return "sent"

hive.run("stdio")
"""


async def turn_with_mail(model: RunningModel, home: Path, agent: str, prompt: str) -> list[tuple[str, int | None]]:
    """Runs one turn with a hive that only keeps what is sent; says to whom that was, and in reply to what."""
    server, sent = home / "hive.py", home / f"{agent}.sent"
    await asyncio.to_thread(server.write_text, HIVE)
    sent.unlink(missing_ok=True)
    hive = {"command": sys.executable, "args": [str(server), str(sent)], "alwaysLoad": True}
    more = ("--mcp-config", json.dumps({"mcpServers": {"hyperhive": hive}}), "--strict-mcp-config", "--continue")
    run = await claude(model, home, prompt, agent, *more)
    assert run.result["is_error"] is False
    assert "did not work" not in run.result["result"]
    mails = [json.loads(line) for line in sent.read_text().splitlines()] if sent.exists() else []
    return [(to, in_reply_to) for to, in_reply_to, _ in mails]


async def test_scout_looks_around_writes_to_scribe_and_answers_the_operator(
    model: RunningModel, tmp_path: Path
) -> None:
    sent = await turn_with_mail(model, tmp_path, "scout", "from: operator\nmessage: #1\n\nWhat is in your folder?")
    assert sent == [("scribe", None), ("operator", 1)]
    called = [name for record in model.requests for name in record.called]
    assert called == ["Bash", "mcp__hyperhive__send", "mcp__hyperhive__send"]


async def test_scribe_adds_to_its_notes_with_the_files_of_claude_code(model: RunningModel, tmp_path: Path) -> None:
    for number, topic in ((2, "Bees"), (5, "Honey")):
        prompt = f"from: scout\nmessage: #{number}\n\nPlease write this down: {topic}\n\nmany"
        assert await turn_with_mail(model, tmp_path, "scribe", prompt) == [("scout", number)]
    notes = (tmp_path / "notes.md").read_text()
    assert notes.index("## Bees") < notes.index("## Honey")
    assert notes.count("# Notes") == 1
