"""What one agent of the demo has in front of it in a turn, and what an errand is made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from hive_demo.conversation import ToolResult
from hive_demo.mail import Mail
from hive_demo.script import Step, ToolCall

SERVER = "mcp__hyperhive__"
SEND = f"{SERVER}send"


@dataclass(frozen=True)
class Desk:
    """What one agent has in front of it: who it is, its tools, where it works, whom the operator's mail waits for."""

    agent: str
    offered: frozenset[str]
    working_directory: str | None
    proposed: str
    """Where proposed configurations lie."""
    results: tuple[ToolResult, ...]
    operator_mail: Mail | None

    @property
    def notes(self) -> str:
        """Absolute where the directory is known, since a relative path means whatever the shell last changed to."""
        return f"{self.working_directory.rstrip('/')}/notes.md" if self.working_directory else "notes.md"

    def result(self, number: int) -> ToolResult | None:
        return self.results[number] if number < len(self.results) else None

    def number_in(self, place: int) -> str:
        """The `id` that a tool of ours gave back, as people say it; `#?` before it did, or where it did not."""
        result = self.result(place)
        try:
            given = json.loads(result.text) if result and not result.failed else None
        except ValueError:
            given = None
        return f"#{given['id']}" if isinstance(given, dict) and "id" in given else "#?"

    def has(self, *tools: str) -> bool:
        """Whether tools of ours are offered."""
        return all(f"{SERVER}{tool}" in self.offered for tool in tools)

    def failure_at(self, place: int) -> str | None:
        """What a tool refused, in its own words."""
        result = self.result(place)
        return shortened(result.text.split("\n", 1)[0]) if result and result.failed else None


@dataclass(frozen=True)
class Errand:
    """What one mail makes an agent do, and the line it says about that at the end of the turn."""

    steps: tuple[Step, ...]
    summary: str


Rule = Callable[[Desk, Mail, int], Errand]
"""The number is that of the errand's first tool result within the turn."""


def use(tool: str, thinking: str | None = None, text: str | None = None, **inputs: JsonValue) -> Step:
    """A step that calls one of our tools; what is None is left out."""
    given: dict[str, JsonValue] = {key: value for key, value in inputs.items() if value is not None}
    return Step(thinking=thinking, text=text, tools=[ToolCall(name=f"{SERVER}{tool}", input=given)])


def send(to: str, body: str, in_reply_to: int | None = None, thinking: str | None = None) -> list[Step]:
    """Mail."""
    return [use("send", thinking, to=to, body=body, in_reply_to=in_reply_to)]


def shortened(line: str) -> str:
    """A line as it is quoted."""
    line = line.strip().strip("“”")
    return line if len(line) <= 120 else f"{line[:119]}…"
