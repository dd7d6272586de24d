"""What the operator can wish for in the demo beside conversation: questions, reminders, agents, changes of agents.

A wish is recognised by its words and led to the real tool. Each rule gives an errand, or None where the mail
holds no such wish or the agent hasn't the tool.
"""

from __future__ import annotations

import json
import re
import shlex

from pydantic import JsonValue

from hive_demo.desk import Desk, Errand, send, shortened, use
from hive_demo.mail import Mail
from hive_demo.script import Step, ToolCall

NAME = r"[“\"'`]?(?P<name>[A-Za-z0-9-]+)[”\"'`]?"
SPAWN = re.compile(rf"\b(?:make|create|spawn|add)\b.*\bagent\b.*\b(?:called|named)\s+{NAME}", re.I)
ASK = re.compile(r"^(?:please\s+)?ask\s+(?P<whom>me|the operator|[a-z][a-z0-9-]*)\b(?P<what>.*)", re.I)
REMIND = re.compile(
    r"\bremind\s+(?P<whom>me|yourself)\b(?P<before>.*?)\bin\s+(?P<count>\d+)\s*(?P<unit>s|sec|m|min|h|hour)\w*(?P<after>.*)",
    re.I,
)
CHANGE = re.compile(
    rf"\b(?:change|set)\s+{NAME}(?:['’]s)?\s+(?P<key>model|prompt)\b(?:\s+to)?\s*:?\s*(?P<value>.*)", re.I
)
OPEN = re.compile(r"\b(?:what is|what's|anything)\s+(?:still\s+)?open\b|\bloose ends\b", re.I)
SECONDS = {"s": 1, "m": 60, "h": 3600}
COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
TELL = "Tell the operator: "
"""How a reminder begins that is for the operator."""
COLOURS: list[JsonValue] = ["red", "green", "blue"]


def fulfil(desk: Desk, mail: Mail, first: int) -> Errand | None:
    """The errand for the first wish that the mail's first line holds."""
    for rule in (_spawn, _remind, _change, _ask, _look):
        errand = rule(desk, mail, first)
        if errand is not None:
            return errand
    return None


def _spawn(desk: Desk, mail: Mail, first: int) -> Errand | None:
    found = SPAWN.search(mail.first_line)
    if found is None or not desk.has("request_spawn"):
        return None
    name = found["name"].lower()
    told, asked = _requested(desk, first, name)
    thought = "A new agent is the operator's to approve; I ask for it."
    steps = [
        use("request_spawn", thought, name=name, description=f"The operator wrote: {shortened(mail.first_line)}"),
        *send("operator", told, mail.number),
    ]
    return Errand(tuple(steps), asked)


def _ask(desk: Desk, mail: Mail, first: int) -> Errand | None:
    found = ASK.search(mail.first_line)
    if found is None or not desk.has("ask"):
        return None
    whom = found["whom"].lower()
    to = "operator" if whom in {"me", "the operator"} else whom
    what = found["what"].strip(" .:?!")
    anything = what.lower() in {"", "something", "a question", "anything"}
    question = "Which colour shall the notes have?" if anything else f"{what[0].upper()}{what[1:]}?"
    step = use("ask", "A question is best asked as one.", to=to, question=question, options=COLOURS if anything else [])
    return Errand((step,), f"Asked {to} as question {desk.number_in(first)}. The answer comes as mail.")


def _remind(desk: Desk, mail: Mail, first: int) -> Errand | None:
    found = REMIND.search(mail.first_line)
    if found is None or not desk.has("remind"):
        return None
    seconds = int(found["count"]) * SECONDS[found["unit"][0].lower()]
    what = (found["after"].strip(" .:,") or found["before"].strip(" .:,")).removeprefix("to ") or "the time is over"
    message = f"{TELL}{what}" if found["whom"].lower() == "me" else what
    step = use("remind", "A reminder wakes me then; nothing to wait for.", message=message, in_seconds=seconds)
    return Errand((step,), f"Reminder {desk.number_in(first)} is set: “{shortened(what)}” in {seconds} seconds.")


def _change(desk: Desk, mail: Mail, first: int) -> Errand | None:
    found = CHANGE.search(mail.first_line)
    if found is None or "Bash" not in desk.offered or not desk.has("request_apply_commit"):
        return None
    name, key = found["name"].lower(), found["key"].lower()
    value = found["value"].strip(" “”\"'`") or ("a-better-model" if key == "model" else "Be brief.")
    what = f"{key} of {name}: {shortened(value)}"
    seen = desk.result(first)
    commit = COMMIT.search(seen.text) if seen else None
    told, asked = _requested(desk, first + 1, what)
    edit = ToolCall(
        name="Bash",
        input={"command": _edit(f"{desk.proposed}/{name}", key, value, what), "description": f"Commit the {key}"},
    )
    steps = [
        Step(thinking=f"I edit {name}'s proposed configuration and commit it.", text="I edit it.", tools=[edit]),
        use(
            "request_apply_commit",
            agent=name,
            commit=commit[0] if commit else "0000000",
            description=f"{what}. The operator wrote: {shortened(mail.first_line)}",
        ),
        *send("operator", told, mail.number),
    ]
    return Errand(tuple(steps), asked)


def _requested(desk: Desk, place: int, what: str) -> tuple[str, str]:
    """What the operator is told of a request, and what is said at the end of the turn."""
    failure = desk.failure_at(place)
    if failure is not None:
        return f"I could not ask for {what}. {failure}", f"Could not ask for {what}."
    number = desk.number_in(place)
    return (
        f"I asked for {what}: approval {number}. It waits for your decision.",
        f"Asked for {what}, approval {number}.",
    )


def _edit(folder: str, key: str, value: str, subject: str) -> str:
    """A command that sets one thing in `agent.toml`, keeps the rest, commits, and prints the commit."""
    text = json.dumps(value, ensure_ascii=False)
    if key == "model":
        kept, new = "-e '^model = '", f"model = {text}"
        write = f"{{ echo {shlex.quote(new)}; grep -v {kept} agent.toml.old; }} > agent.toml"
    else:
        kept, new = r"-e '^\[prompt\]$' -e '^append = '", f"\n[prompt]\nappend = {text}\n"
        write = f"{{ grep -v {kept} agent.toml.old; printf '%s' {shlex.quote(new)}; }} > agent.toml"
    steps = [
        f"cd {shlex.quote(folder)}",
        "touch agent.toml && mv agent.toml agent.toml.old",
        f"{write}; rm agent.toml.old",
        "git add agent.toml",
        f"git commit -qm {shlex.quote(subject)}",
        "git rev-parse HEAD",
    ]
    return " && ".join(steps)


def _look(desk: Desk, mail: Mail, first: int) -> Errand | None:
    if OPEN.search(mail.first_line) is None or not desk.has("get_loose_ends"):
        return None
    seen = desk.result(first)
    steps = [
        use("get_loose_ends", "I look what is open."),
        *send("operator", _told(seen.text if seen and not seen.failed else ""), mail.number),
    ]
    return Errand(tuple(steps), "Told the operator what is open.")


def _told(text: str) -> str:
    try:
        ends = json.loads(text)["ends"]
        lines = [f"- {end['kind']} #{end['id']} of {end['owner']}: {shortened(end['summary'])}" for end in ends]
    except (ValueError, KeyError, TypeError):
        return "I could not find out what is open."
    return "\n".join(["Still open:", *lines]) if lines else "Nothing is open."
