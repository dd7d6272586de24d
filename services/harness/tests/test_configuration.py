"""What an agent's configuration changes about its Claude Code, which the scripted model tells what to call."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hive_demo.testing import step, steps, tool
from hive_wire.live import AgentState

pytestmark = pytest.mark.claude

CLOCK = {"command": sys.executable, "args": [str(Path(__file__).parent / "further_mcp_server.py")]}


async def call(agent: Any, *calls: Any) -> list[tuple[bool, str]]:
    """What came back of each call in a turn of its own: whether it is an error, and its text."""
    agent.model.set_script(agent.name, steps(*(step("Next.", one) for one in calls)))
    await agent.becomes(await agent.send("Go."), "acked")
    await agent.reaches(AgentState.IDLE)
    return [(row.data["is_error"], row.data["text"]) for row in await agent.rows("tool_result")]


def offered(agent: Any) -> set[str]:
    """The tools that the model was offered last."""
    body = agent.model.body(agent.model.requests_of(agent.name)[-1].number)
    return {one["name"] for one in json.loads(body)["tools"]}


def make_repository_of_another_user(folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for part in (folder, *folder.rglob("*")):
        os.chown(part, 65534, -1)


@pytest.mark.spec("CFG-4", door="mcp")
@pytest.mark.spec("MCP-4", door="mcp")
async def test_a_further_mcp_server_is_there_and_a_broken_one_stops_nothing(agent) -> None:
    agent.start(mcp_servers={"clock": CLOCK, "broken": {"command": "/does/not/exist"}, "hyperhive": CLOCK})
    (time,) = await call(agent, tool("mcp__clock__set_time", to="five"))
    assert time[0] is False and "five" in time[1]
    errors = [row.data["text"] for row in await agent.rows("error")]
    assert any("broken" in text for text in errors)
    notes = [row.data["text"] for row in await agent.rows("note")]
    assert any("`hyperhive`" in text for text in notes)
    assert "mcp__hyperhive__send" in offered(agent)


@pytest.mark.spec("CFG-4", door="mcp")
@pytest.mark.spec("MCP-4", door="mcp")
async def test_of_a_further_mcp_server_only_the_allowed_tools_can_be_used(agent) -> None:
    agent.start(mcp_servers={"clock": {**CLOCK, "allowed_tools": ["get_*"]}})
    date, setting, bash = await call(
        agent,
        tool("mcp__clock__get_date"),
        tool("mcp__clock__set_time", to="five"),
        tool("Bash", command="python3 -c 'print(6 * 7)' > out.txt; cat out.txt", description="Write"),
    )
    assert date[0] is False and "Monday" in date[1]
    assert setting[0] is True
    assert bash[0] is False and "42" in bash[1]


@pytest.mark.spec("CFG-4", door="mcp")
@pytest.mark.spec("MCP-5", door="mcp")
async def test_only_the_allowed_tools_of_claude_code_can_be_used(agent) -> None:
    agent.start(tools_allow=["Read", "Bash(git *)", "SendMessage"])
    (agent.state / "here.txt").write_text("Found.\n")
    git, python, read, send = await call(
        agent,
        tool("Bash", command="git init -q . && git status --short", description="git"),
        tool("Bash", command="python3 -c 'print(6 * 7)'", description="python"),
        tool("Read", file_path=str(agent.state / "here.txt")),
        tool("mcp__hyperhive__send", to="operator", body="Done."),
    )
    assert git[0] is False and "here.txt" in git[1]
    assert python[0] is True and "42" not in python[1]
    assert read[0] is False and "Found." in read[1]
    assert send[0] is False
    assert {"Bash", "Read"} <= offered(agent)
    assert not {"Write", "Edit", "WebFetch", "SendMessage"} & offered(agent)
    notes = [row.data["text"] for row in await agent.rows("note")]
    assert any("`SendMessage`" in text for text in notes)


@pytest.mark.spec("CFG-4", door="mcp")
async def test_the_configurations_words_and_model_reach_claude_however_long_they_are(agent) -> None:
    words = "Answer in verse. " * 12_000
    agent.start(prompt_append=words, model="a-model-of-its-own")
    await agent.becomes(await agent.send("Hello."), "acked")
    body = json.loads(agent.model.body(agent.model.requests_of(agent.name)[-1].number))
    assert body["model"] == "a-model-of-its-own"
    system = "".join(block["text"] for block in body["system"])
    assert words.strip() in system
    assert system.index("You are " + agent.name) < system.index(words[:40])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")
async def test_the_manager_commits_in_a_proposed_repository_that_is_not_its_own(agent, tmp_path: Path) -> None:
    """Its files are another user's, as approvals' are; a repository in an agent's folder is not trusted."""
    proposed, hostile = tmp_path / "proposed", tmp_path / "agents/sly/state"
    for folder in (proposed / "ada", hostile):
        make_repository_of_another_user(folder)
    agent.start(role="manager", proposed_dir=str(proposed), agents_dir=str(tmp_path / "agents"))
    work = "echo x > agent.toml && git add . && git commit -m One && git log"
    (committed,) = await call(agent, tool("Bash", command=f"cd {proposed}/ada && {work}"))
    assert committed[0] is False, committed[1]
    assert f"Author: {agent.name} <{agent.name}@hyperhive>" in committed[1]
    make_repository_of_another_user(proposed / "new")
    *_, later, refused = await call(
        agent,
        tool("Bash", command=f"git -C {proposed}/new status"),
        tool("Bash", command=f"git -C {hostile} status"),
    )
    assert later[0] is False, later[1]
    assert refused[0] is True
    assert "dubious ownership" in refused[1]
