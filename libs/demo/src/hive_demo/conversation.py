"""Reads a Messages API request: which prompt is open, and what was answered since.

Claude Code mixes its own notices into user and system messages, and folds a prompt that arrives during a turn
into it at the next tool call; this module undoes both. What to answer is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.S)
FOLDED = re.compile(
    r"The user sent a new message while you were working:\n(.*?)\n\n(?:This is how Claude Code|IMPORTANT:)", re.S
)
WORKING_DIRECTORY = re.compile(r"^\W*(?:primary )?working directory: *(\S.*?) *$", re.I | re.M)
PROPOSED = re.compile(r"proposed configuration: (\S+)/<name>")
INTERRUPTED = "[Request interrupted by user"
NOTICES = (
    INTERRUPTED,
    "<local-command-",
    "<command-name>",
    "<task-notification>",
    "Caveat: ",
    "Stop hook feedback",
    "Your response above was cut off mid-stream",
    "This session is being continued from a previous conversation",
)
SUMMARY_REQUEST = "create a detailed summary"


class Block(BaseModel):
    """One content block, of whatever type; only what the scripted model reads."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    text: str = ""
    content: str | list[Block] | dict[str, JsonValue] | None = None
    is_error: bool | None = None


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]

    @property
    def blocks(self) -> list[Block]:
        return [Block(type="text", text=self.content)] if isinstance(self.content, str) else self.content

    @property
    def texts(self) -> list[str]:
        return [block.text for block in self.blocks if block.type == "text"]

    @property
    def calls_tools(self) -> bool:
        return any(block.type == "tool_use" for block in self.blocks)


class OfferedTool(BaseModel):
    """A tool the request offers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str


class MessagesRequest(BaseModel):
    """The body of POST /v1/messages."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    messages: list[Message]
    system: str | list[Block] = ""
    tools: list[OfferedTool] = []
    stream: bool = False
    max_tokens: int = 0

    @property
    def offered(self) -> frozenset[str]:
        return frozenset(tool.name for tool in self.tools)

    @property
    def working_directory(self) -> str | None:
        """The directory that Claude Code's environment block names; None where it names none."""
        asides = [
            text
            for message in self.messages
            for text in message.texts
            if message.role == "system" or text.startswith("<system-reminder>")
        ]
        found = (WORKING_DIRECTORY.search(text) for text in [*self._system_texts, *asides])
        return next((match[1] for match in found if match), None)

    @property
    def proposed_folder(self) -> str:
        """Where the manager's role text says that proposed configurations lie."""
        found = (PROPOSED.search(" ".join(text.split())) for text in self._system_texts)
        return next((match[1] for match in found if match), "/config/proposed")

    @property
    def _system_texts(self) -> list[str]:
        return [self.system] if isinstance(self.system, str) else [block.text for block in self.system]

    @property
    def asks_for_summary(self) -> bool:
        """Whether this is Claude Code compacting the conversation."""
        newest = next((m for m in reversed(self.messages) if m.role == "user"), None)
        return newest is not None and any(SUMMARY_REQUEST in text for text in newest.texts)


@dataclass(frozen=True)
class Prompt:
    """What someone said: its text, its place in the conversation, the answers given since."""

    text: str
    place: int
    answers: int


@dataclass(frozen=True)
class ToolResult:
    """What came back from a tool."""

    text: str
    failed: bool


@dataclass(frozen=True)
class Turn:
    """The open turn: its first prompt, those folded in later, and the tool results so far, oldest first."""

    prompts: tuple[Prompt, ...]
    results: tuple[ToolResult, ...]


def open_turn(messages: Sequence[Message]) -> Turn | None:
    """The turn that the newest prompt belongs to; None where nobody said anything."""
    prompts: list[Prompt] = []
    results: list[ToolResult] = []
    answers = 0
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if message.role == "assistant":
            if prompts and not message.calls_tools:
                break
            answers += 1
            continue
        if prompts and any(text.startswith(INTERRUPTED) for text in message.texts):
            break
        text = _said(message)
        if text:
            prompts.insert(0, Prompt(text=text, place=place, answers=answers))
        results[:0] = [_result(block) for block in message.blocks if block.type == "tool_result"]
    return Turn(prompts=tuple(prompts), results=tuple(results)) if prompts else None


def last_texts(messages: Sequence[Message], count: int = 3, length: int = 400) -> list[str]:
    """The ends of the newest texts of the user, oldest first, for people who read the record."""
    texts = [text for message in messages if message.role == "user" for text in message.texts]
    return [text[-length:] for text in texts[-count:]]


def _said(message: Message) -> str:
    """A message's words without Claude Code's own notices; empty where it has no others."""
    folded = [found for text in message.texts for found in FOLDED.findall(text)]
    if message.role == "system":
        return "\n".join(folded)
    plain = [REMINDER.sub("", text).strip() for text in message.texts]
    return "\n".join([text for text in plain if text and not text.startswith(NOTICES)] + folded)


def _result(block: Block) -> ToolResult:
    content = block.content
    if isinstance(content, list):
        content = "\n".join(part.text for part in content if part.type == "text")
    return ToolResult(text=content if isinstance(content, str) else "", failed=bool(block.is_error))
