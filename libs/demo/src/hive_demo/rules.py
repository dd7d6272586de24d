"""The demo's rules: what scout, scribe, manager and any other agent do with their mail. What the operator wishes
for in certain words comes first (`wishes.py`); mail from the system is `events.py`'s.

A turn's steps follow from its mail alone, so that every request of the turn finds the same ones; what tools
returned only fills in words. Every exchange ends: requests open differently from answers, and no rule answers
an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hive_demo.conversation import MessagesRequest, ToolResult, Turn
from hive_demo.desk import SEND, Desk, Errand, Rule, send, shortened
from hive_demo.events import heed
from hive_demo.mail import Mail, mails_in
from hive_demo.script import Script, Step, ToolCall
from hive_demo.wishes import fulfil

NOTE_REQUEST = "Please write this down:"
FACTS_REQUEST = "Could you find out:"
FACTS = "Here is what I found about"
KEPT_NOTE_LINES = 200
NUMBERED_LINE = re.compile(r"^\s*\d+[\t→](.*)$")


def follow_rules(agent: str, request: MessagesRequest, turn: Turn | None) -> tuple[Script, int]:
    """The turn's whole script, and the step that this request asks for."""
    if turn is None:
        return Script(final="I am here. Nothing is open."), 0
    mails = [mail for prompt in turn.prompts for mail in mails_in(prompt.text)]
    if not mails or SEND not in request.offered:
        return Script(final=_echo(mails[-1].body if mails else turn.prompts[-1].text)), 0
    desk = Desk(
        agent=agent,
        offered=request.offered,
        working_directory=request.working_directory,
        proposed=request.proposed_folder,
        results=turn.results,
        operator_mail=_newest_operator_mail(request),
    )
    steps: list[Step] = []
    summaries: list[str] = []
    for mail in mails:
        wished = fulfil(desk, mail, len(steps)) if mail.sender == "operator" else None
        errand = wished or _rule(agent, mail)(desk, mail, len(steps))
        steps += errand.steps
        summaries.append(errand.summary)
    if any(result.failed for result in turn.results if not _missing_note(result)):
        summaries.append("Some of it did not work; see above.")
    return Script(steps=steps, final=" ".join(summaries)), turn.prompts[0].answers


def _rule(agent: str, mail: Mail) -> Rule:
    if mail.sender == "system":
        return heed
    if mail.sender == "operator":
        return {"scout": _research, "scribe": _ask_for_facts, "manager": _welcome}.get(agent, _answer_operator)
    if (agent, mail.sender) == ("scout", "scribe"):
        return _give_facts if mail.first_line.startswith(FACTS_REQUEST) else _acknowledge
    if (agent, mail.sender) == ("scribe", "scout"):
        return _report_facts if mail.first_line.startswith(FACTS) else _take_note
    return _acknowledge if mail.is_reply else _answer_agent


def _research(desk: Desk, mail: Mail, first: int) -> Errand:
    topic = shortened(mail.first_line)
    found = _findings(desk, first)
    steps = [
        *_look_around(desk, f"The operator asks: “{topic}”. I look at what is here, then scribe can keep it."),
        *send("scribe", f"{NOTE_REQUEST} {topic}\n\n{found}"),
        *send("operator", f"I looked into “{topic}”. {found} scribe is writing it down.", mail.number),
    ]
    return Errand(tuple(steps), f"Looked into “{topic}”, asked scribe to write it down and told the operator.")


def _take_note(desk: Desk, mail: Mail, first: int) -> Errand:
    topic = shortened(mail.first_line.removeprefix(NOTE_REQUEST))
    steps = _write_note(desk, topic, mail.body, first)
    if not mail.is_reply:
        steps += send(mail.sender, f"Written down in {desk.notes}: {topic}", mail.number)
    return Errand(tuple(steps), f"Noted “{topic}” for {mail.sender}.")


def _ask_for_facts(desk: Desk, mail: Mail, first: int) -> Errand:
    topic = shortened(mail.first_line)
    thought = f"The operator wants “{topic}” on paper. scout finds things faster than I do."
    steps = send("scout", f"{FACTS_REQUEST} {topic}\n\nThe operator asked me to write about it.", None, thought)
    return Errand(tuple(steps), f"Asked scout for facts about “{topic}”; I write when they are here.")


def _give_facts(desk: Desk, mail: Mail, first: int) -> Errand:
    topic = shortened(mail.first_line.removeprefix(FACTS_REQUEST))
    steps = [
        *_look_around(desk, f"{mail.sender} needs facts about “{topic}”. A quick look will do."),
        *send(mail.sender, f"{FACTS} “{topic}”:\n\n{_findings(desk, first)}", mail.number),
    ]
    return Errand(tuple(steps), f"Gave {mail.sender} the facts about “{topic}”.")


def _report_facts(desk: Desk, mail: Mail, first: int) -> Errand:
    topic = shortened(mail.first_line.removeprefix(FACTS).rstrip(":"))
    asked = desk.operator_mail.number if desk.operator_mail else None
    steps = [
        *_write_note(desk, topic, mail.body, first),
        *send("operator", f"The note about “{topic}” is in {desk.notes}; scout had the facts.", asked),
    ]
    return Errand(tuple(steps), f"Wrote the note about “{topic}” and told the operator.")


def _welcome(desk: Desk, mail: Mail, first: int) -> Errand:
    body = (
        f"Hello! You wrote: “{shortened(mail.first_line)}”. With me here are scout, who finds things out, and scribe, "
        "who writes them down. Write to either of them, and watch them talk to each other."
    )
    thought = "The operator writes to me directly. A friendly answer, and who is around."
    steps = send("operator", body, mail.number, thought)
    return Errand(tuple(steps), "Told the operator who is here: scout and scribe.")


def _answer_operator(desk: Desk, mail: Mail, first: int) -> Errand:
    body = f"You wrote: “{shortened(mail.first_line)}”. I am {desk.agent}; I read it and am ready for more."
    return Errand(tuple(send("operator", body, mail.number)), "Answered the operator.")


def _answer_agent(desk: Desk, mail: Mail, first: int) -> Errand:
    body = f"Thanks, {mail.sender}. I read: “{shortened(mail.first_line)}”."
    return Errand(tuple(send(mail.sender, body, mail.number)), f"Answered {mail.sender}.")


def _acknowledge(desk: Desk, mail: Mail, first: int) -> Errand:
    return Errand((), f"{mail.sender} says “{shortened(mail.first_line)}”. Good, nothing more to do.")


def _look_around(desk: Desk, thought: str) -> list[Step]:
    if "Bash" not in desk.offered:
        return []
    call = ToolCall(name="Bash", input={"command": "date; ls -la", "description": "Look around"})
    return [Step(thinking=thought, text="I look around first.", tools=[call])]


def _findings(desk: Desk, number: int) -> str:
    seen = desk.result(number) if "Bash" in desk.offered else None
    if seen is None or seen.failed:
        return "I could not look around, so this is from memory."
    lines = seen.text.splitlines()
    names = [line.split()[-1] for line in lines[1:] if line[:1] in "-d" and line.split()]
    files = [name for name in names if name not in {".", ".."}]
    shown = ", ".join(files[:5]) or "nothing yet"
    return f"At {lines[0] if lines else 'this hour'} there were {len(files)} entries here: {shown}."


def _write_note(desk: Desk, topic: str, body: str, first: int) -> list[Step]:
    """Reads before it writes: Claude Code refuses to overwrite a file that it has not read."""
    if not {"Read", "Write"} <= desk.offered:
        return []
    read = desk.result(first)
    old = list(_note_lines(read)) if read and not read.failed else ["# Notes"]
    note = "\n".join([*old[-KEPT_NOTE_LINES:], "", f"## {topic}", "", body, ""])
    return [
        Step(tools=[ToolCall(name="Read", input={"file_path": desk.notes})]),
        Step(
            text="Into the notes with it.",
            tools=[ToolCall(name="Write", input={"file_path": desk.notes, "content": note})],
        ),
    ]


def _note_lines(read: ToolResult) -> Iterator[str]:
    return (match[1] for line in read.text.splitlines() if (match := NUMBERED_LINE.match(line)))


def _missing_note(result: ToolResult) -> bool:
    return "does not exist" in result.text


def _newest_operator_mail(request: MessagesRequest) -> Mail | None:
    texts: Sequence[str] = [text for m in request.messages if m.role == "user" for text in m.texts]
    mails = [mail for text in texts for mail in mails_in(text) if mail.sender == "operator"]
    return mails[-1] if mails else None


def _echo(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return f"I read: “{shortened(first)}”."
