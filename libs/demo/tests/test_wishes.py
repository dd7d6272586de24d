"""What the operator can wish for in the demo, and what agents do with mail from the system."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hive_demo.conversation import MessagesRequest
from hive_demo.model import ScriptedModel
from hive_demo.script import ToolCall
from hive_demo.turns import Turns
from hive_wire import helper_events
from hive_wire.approvals import ApprovalKind, ApprovalStatus

ALL = ("send", "ask", "answer", "remind", "get_loose_ends", "request_spawn", "request_apply_commit")
FULL_TOOLS = ("Bash", "Read", "Write", *(f"mcp__hyperhive__{name}" for name in ALL))


def play(
    body: str,
    *results: Any,
    agent: str = "manager",
    sender: str = "operator",
    tools: tuple[str, ...] = FULL_TOOLS,
    proposed: str = "/config/proposed",
) -> tuple[list[ToolCall], str]:
    """The calls of the turn that this mail makes, with the given results, and what is said at its end."""
    talk: list[dict[str, Any]] = [{"role": "user", "content": f"from: {sender}\nmessage: #1\n\n{body}"}]
    calls: list[ToolCall] = []
    given = [result if isinstance(result, str) else json.dumps(result) for result in results]
    for _ in range(10):
        step = ScriptedModel(Turns()).decide(agent, "s", request(talk, tools, proposed)).step
        if not step.tools:
            return calls, step.text or ""
        (call,) = step.tools
        calls.append(call)
        talk.append({"role": "assistant", "content": [{"type": "tool_use", "name": call.name, "input": call.input}]})
        answer = given.pop(0) if given else "done"
        result = {"type": "tool_result", "tool_use_id": "t", "content": answer, "is_error": "_taken:" in answer}
        talk.append({"role": "user", "content": [result]})
    raise AssertionError("the turn never ends")


def request(talk: list[dict[str, Any]], tools: tuple[str, ...], proposed: str) -> MessagesRequest:
    role = f"- Each agent has a git repository with its proposed\n  configuration: {proposed}/<name>. It is yours."
    offered = [{"name": name} for name in tools]
    return MessagesRequest.model_validate({"model": "m", "system": role, "tools": offered, "messages": talk})


def names(calls: list[ToolCall]) -> list[str]:
    return [call.name.removeprefix("mcp__hyperhive__") for call in calls]


def test_an_agent_that_is_wished_for_is_asked_for() -> None:
    calls, end = play("Please make an agent called Dora for drawing", {"id": 7}, {"id": 2})
    assert names(calls) == ["request_spawn", "send"]
    assert calls[0].input["name"] == "dora"
    assert "approval #7" in str(calls[1].input["body"])
    assert calls[1].input["in_reply_to"] == 1
    assert "#7" in end


def test_a_refused_wish_is_told_as_one() -> None:
    calls, end = play("Make an agent called dora", "name_taken: there is an agent dora\ndetails: {}")
    assert calls[1].input["body"] == "I could not ask for dora. name_taken: there is an agent dora"
    assert "did not work" in end


def test_an_agent_without_the_managers_tools_answers_as_always() -> None:
    tools = ("Bash", "mcp__hyperhive__send")
    calls, _ = play("Make an agent called dora", agent="coder", tools=tools)
    assert names(calls) == ["send"]


@pytest.mark.parametrize(("words", "to"), [("Ask me something", "operator"), ("ask scribe what time it is", "scribe")])
def test_a_question_is_asked_as_one(words: str, to: str) -> None:
    calls, end = play(words, {"id": 3}, agent="scout")
    assert names(calls) == ["ask"]
    assert calls[0].input["to"] == to
    assert "#3" in end


@pytest.mark.parametrize(
    ("words", "seconds", "message"),
    [
        ("Remind me in 30 seconds to drink water", 30, "Tell the operator: drink water"),
        ("remind me to drink water in 2 minutes", 120, "Tell the operator: drink water"),
        ("Remind yourself in 5 s: look at the notes", 5, "look at the notes"),
    ],
)
def test_a_reminder_is_set_instead_of_waiting(words: str, seconds: int, message: str) -> None:
    calls, _ = play(words, {"id": 4})
    assert names(calls) == ["remind"]
    assert calls[0].input == {"message": message, "in_seconds": seconds}


def test_a_reminder_for_the_operator_is_passed_on_and_any_other_is_heeded() -> None:
    calls, _ = play("Reminder #4:\nTell the operator: drink water", sender="system")
    assert names(calls) == ["send"]
    assert (calls[0].input["to"], "drink water" in str(calls[0].input["body"])) == ("operator", True)
    calls, end = play("look at the notes", sender="system")
    assert (calls, "look at the notes" in end) == ([], True)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Change dora's model to fast-one", 'model = "fast-one"'),
        ("Change dora's prompt to: Speak in “rhymes”, it's fun", 'append = "Speak in “rhymes”, it\'s fun"'),
    ],
)
def test_a_change_is_committed_in_the_proposed_repository_and_asked_for(tmp_path: Path, words: str, kept: str) -> None:
    folder = tmp_path / "dora"
    git = ["git", "-c", "user.name=m", "-c", "user.email=m@x", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "agent.toml").write_text('model = "old"\n\n[messages]\nallow = ["operator"]\n')
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "start"], check=True)
    (edit, *_), _ = play(words, proposed=str(tmp_path))
    environment = {"GIT_AUTHOR_NAME": "m", "GIT_AUTHOR_EMAIL": "m@x", "GIT_COMMITTER_NAME": "m"}
    done = subprocess.run(
        ["bash", "-c", str(edit.input["command"])],
        env={**environment, "GIT_COMMITTER_EMAIL": "m@x", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    calls, end = play(words, done.stdout, {"id": 9}, {"id": 2}, proposed=str(tmp_path))
    assert names(calls) == ["Bash", "request_apply_commit", "send"]
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert (calls[1].input["agent"], calls[1].input["commit"]) == ("dora", head)
    assert "#9" in end
    written = subprocess.run([*git, "show", "HEAD:agent.toml"], check=True, capture_output=True, text=True).stdout
    assert kept in written
    assert 'allow = ["operator"]' in written
    assert ('model = "old"' in written) is ("prompt" in words)
    assert subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True).stdout == ""


def test_what_is_open_is_told() -> None:
    ends = {"ends": [{"kind": "question", "id": 3, "owner": "ann", "summary": "Tea?"}]}
    calls, _ = play("What is still open?", ends)
    assert names(calls) == ["get_loose_ends", "send"]
    assert "question #3 of ann: Tea?" in str(calls[1].input["body"])


EVENTS = [
    helper_events.ApprovalResolved(
        id=1, agent="ann", kind=ApprovalKind.SPAWN, status=ApprovalStatus.DENIED, note="not now"
    ),
    helper_events.QuestionAnswered(id=1, question="Tea?", answer="yes", answerer="operator", outcome="answered"),
    helper_events.AgentEvent(event="rebuilt", agent="ann", ok=False, error="it did not start"),
    helper_events.ContainerCrash(agent="ann", exit="signal 9"),
    helper_events.AgentNotice(event="needs_login", agent="ann"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_an_event_is_understood_and_makes_no_mail(event: Any) -> None:
    calls, end = play(event.model_dump_json(), sender="system")
    assert calls == []
    assert end and "{" not in end


def test_a_question_of_another_agent_is_answered_with_its_first_option() -> None:
    event = helper_events.QuestionAsked(
        id=5, asker="ann", question="Tea?", options=["yes", "no"], multi=False, deadline=None
    )
    calls, _ = play(event.model_dump_json(), agent="scout", sender="system")
    assert names(calls) == ["answer"]
    assert calls[0].input == {"id": 5, "answer": "yes"}
