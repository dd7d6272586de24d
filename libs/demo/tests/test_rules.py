"""The rules, played through by a little hive of lists: who writes what to whom, and that it ends."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest
from hive_demo.conversation import MessagesRequest
from hive_demo.model import ScriptedModel
from hive_demo.script import ToolCall
from hive_demo.turns import Turns

TOOLS = ("Bash", "Read", "Write", "mcp__hyperhive__send")
MOST_TURNS = 20


@dataclass(frozen=True)
class Sent:
    number: int
    sender: str
    to: str
    body: str
    in_reply_to: int | None


@dataclass
class Hive:
    """Delivers mail to turns until nobody writes any more; files and conversations are dictionaries."""

    numbered: bool = True
    cwd: str = "/state"
    tools: tuple[str, ...] = TOOLS
    sent: list[Sent] = field(default_factory=list[Sent])
    ends: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    called: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    files: dict[str, str] = field(default_factory=dict[str, str])
    talks: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    waiting: deque[Sent] = field(default_factory=deque[Sent])

    def send(self, sender: str, to: str, body: str, in_reply_to: int | None = None) -> None:
        mail = Sent(len(self.sent) + 1, sender, to, body, in_reply_to)
        self.sent.append(mail)
        if to != "operator":
            self.waiting.append(mail)

    def run(self) -> None:
        for _ in range(MOST_TURNS):
            if not self.waiting:
                return
            self.turn(self.waiting.popleft())
        raise AssertionError(f"they never stop: {self.sent}")

    def turn(self, mail: Sent) -> None:
        talk = self.talks.setdefault(mail.to, [])
        talk.append({"role": "user", "content": self.rendered(mail)})
        while True:
            step = ScriptedModel(Turns()).decide(mail.to, "s", self.request(talk)).step
            content = [{"type": "tool_use", "name": call.name, "input": call.input} for call in step.tools]
            talk.append({"role": "assistant", "content": [*content, {"type": "text", "text": step.text or ""}]})
            if not step.tools:
                self.ends.append((mail.to, step.text or ""))
                return
            talk.append({"role": "user", "content": [self.use(mail.to, call) for call in step.tools]})

    def rendered(self, mail: Sent) -> str:
        numbers = f"message: #{mail.number}\n" if self.numbered else ""
        if self.numbered and mail.in_reply_to:
            numbers += f"in reply to: #{mail.in_reply_to}\n"
        return f"from: {mail.sender}\n{numbers}\n{mail.body}"

    def request(self, talk: list[dict[str, Any]]) -> MessagesRequest:
        environment = {"role": "system", "content": f"# Environment\n - Primary working directory: {self.cwd}\n"}
        tools = [{"name": name} for name in self.tools]
        return MessagesRequest.model_validate({"model": "m", "tools": tools, "messages": [environment, *talk]})

    def use(self, agent: str, call: ToolCall) -> dict[str, Any]:
        given: dict[str, Any] = dict(call.input)
        self.called.append((agent, call.name))
        content, failed = "done", False
        if call.name == "mcp__hyperhive__send":
            self.send(agent, given["to"], given["body"], given.get("in_reply_to"))
        elif call.name == "Bash":
            content = "Sat Nov 21\ntotal 8\ndrwxr-xr-x 2 a a 4096 Nov 21 09:00 .\n-rw-r--r-- 1 a a 9 Nov 21 plan.md"
        elif call.name == "Write":
            self.files[given["file_path"]] = given["content"]
        elif given["file_path"] in self.files:
            lines = self.files[given["file_path"]].splitlines()
            content = "\n".join(f"{number}\t{line}" for number, line in enumerate(lines, 1))
        else:
            content, failed = "File does not exist.", True
        return {"type": "tool_result", "tool_use_id": "t", "content": content, "is_error": failed}

    def routes(self) -> list[tuple[str, str]]:
        return [(mail.sender, mail.to) for mail in self.sent]


@pytest.mark.parametrize("numbered", [True, False])
def test_what_the_operator_asks_scout_is_looked_up_written_down_and_answered(numbered: bool) -> None:
    hive = Hive(numbered=numbered)
    hive.send("operator", "scout", "What is in your folder?")
    hive.run()
    assert hive.routes() == [
        ("operator", "scout"),
        ("scout", "scribe"),
        ("scout", "operator"),
        ("scribe", "scout"),
    ]
    assert "plan.md" in hive.sent[2].body
    assert hive.sent[2].in_reply_to == (1 if numbered else None)
    assert "What is in your folder?" in hive.files["/state/notes.md"]
    assert [agent for agent, _ in hive.ends] == ["scout", "scribe", "scout"]


@pytest.mark.parametrize("numbered", [True, False])
def test_what_the_operator_asks_scribe_is_asked_of_scout_and_then_written(numbered: bool) -> None:
    hive = Hive(numbered=numbered)
    hive.send("operator", "scribe", "Write about the folder")
    hive.run()
    assert hive.routes() == [
        ("operator", "scribe"),
        ("scribe", "scout"),
        ("scout", "scribe"),
        ("scribe", "operator"),
    ]
    assert hive.sent[-1].in_reply_to == (1 if numbered else None)
    assert "plan.md" in hive.files["/state/notes.md"]


def test_a_second_note_keeps_the_first() -> None:
    hive = Hive()
    for topic in ("Bees", "Honey"):
        hive.send("operator", "scout", topic)
        hive.run()
    notes = hive.files["/state/notes.md"]
    assert notes.count("# Notes") == 1
    assert notes.index("## Bees") < notes.index("## Honey")
    assert not [end for _, end in hive.ends if "did not work" in end]


def test_notes_are_kept_where_the_agent_works() -> None:
    hive = Hive(cwd="/home/scribe")
    hive.send("scout", "scribe", "Please write this down: x")
    hive.run()
    assert list(hive.files) == ["/home/scribe/notes.md"]


def test_the_manager_tells_the_operator_who_is_here() -> None:
    hive = Hive()
    hive.send("operator", "manager", "Hello")
    hive.run()
    assert (hive.sent[1].to, hive.sent[1].in_reply_to) == ("operator", 1)
    assert {"scout", "scribe"} <= set(hive.sent[1].body.replace(",", " ").split())


def test_any_other_agent_answers_the_operator_with_his_first_line() -> None:
    hive = Hive()
    hive.send("operator", "coder", "Build it\nplease")
    hive.run()
    assert "Build it" in hive.sent[1].body
    assert len(hive.sent) == 2


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("pair", [("ann", "bob"), ("manager", "scout"), ("ann", "scribe"), ("scout", "scribe")])
def test_agents_answer_each_other_once_at_most(pair: tuple[str, str], numbered: bool) -> None:
    hive = Hive(numbered=numbered)
    hive.send(*pair, "Where is the honey?")
    hive.run()
    assert hive.routes() == [pair, pair[::-1]]


def test_the_system_is_heeded_with_a_text() -> None:
    hive = Hive()
    hive.send("system", "scout", "coder was restarted")
    hive.run()
    assert (len(hive.sent), hive.called) == (1, [])
    assert "coder was restarted" in hive.ends[0][1]


def test_without_the_means_to_send_there_is_only_text() -> None:
    hive = Hive(tools=("Bash", "Read", "Write"))
    hive.send("operator", "scout", "What is in your folder?")
    hive.run()
    assert (len(hive.sent), hive.called) == (1, [])
    assert "What is in your folder?" in hive.ends[0][1]


def test_mail_folded_into_a_turn_is_dealt_with_after_the_mail_that_began_it() -> None:
    hive = Hive()
    call = {"type": "tool_use", "name": "mcp__hyperhive__send", "input": {}}
    folded = "The user sent a new message while you were working:\nfrom: bob\n\nHi?\n\nThis is how Claude Code does."
    talk: list[dict[str, Any]] = [
        {"role": "user", "content": "from: operator\n\nHello"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]},
        {"role": "system", "content": folded},
    ]
    step = ScriptedModel(Turns()).decide("ann", "s", hive.request(talk)).step
    assert step.tools[0].input["to"] == "bob"
