"""What a script is: the steps of one turn, one per request, and how a prompt carries one.

A step says what the model answers, how fast, and what goes wrong. Nothing here reads conversations or sockets.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

DIRECTIVE = re.compile(r"SCRIPT:(\{.*?\}):SCRIPT", re.S)
STATED = ConfigDict(frozen=True, extra="forbid")


class ToolCall(BaseModel):
    """A tool the model calls."""

    model_config = STATED

    name: str
    input: dict[str, JsonValue] = {}


class Fault(BaseModel):
    """Something that goes wrong for the first `times` requests of its step; always, when None."""

    model_config = STATED

    times: int | None = Field(default=None, ge=0)


class HttpError(Fault):
    """A refusal in place of an answer."""

    status: int = Field(ge=400, le=599)
    type: str = "api_error"
    message: str = "scripted error"
    headers: dict[str, str] = {}


class StreamError(Fault):
    """An error event inside the stream, in place of its end."""

    type: str = "overloaded_error"
    message: str = "scripted error"


class Drop(Fault):
    """The connection cut: before anything was said, or in the middle of the stream."""

    at: Literal["start", "middle"] = "start"


class Usage(BaseModel):
    """Token figures; those a script leaves out are worked out from the request and the answer."""

    model_config = STATED

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class Step(BaseModel):
    """One answer. Times are seconds: `delay` before the first event, `chunk_delay` between pieces."""

    model_config = STATED

    thinking: str | None = None
    text: str | None = None
    tools: list[ToolCall] = []
    stop_reason: str | None = None
    usage: Usage = Usage()
    headers: dict[str, str] = {}
    delay: float = Field(default=0, ge=0)
    chunks: int = Field(default=3, ge=1)
    chunk_delay: float = Field(default=0, ge=0)
    error: HttpError | None = None
    sse_error: StreamError | None = None
    drop: Drop | None = None

    @property
    def faults(self) -> dict[str, Fault]:
        """What goes wrong, by the name of its field."""
        named = {"error": self.error, "sse_error": self.sse_error, "drop": self.drop}
        return {name: fault for name, fault in named.items() if fault is not None}


class Script(BaseModel):
    """The steps of a turn; `final` is said when they are used up, `compaction` when asked for a summary."""

    model_config = STATED

    steps: list[Step] = []
    final: str = "Done."
    compaction: Step | None = None

    def step(self, number: int) -> Step:
        return self.steps[number] if number < len(self.steps) else Step(text=self.final)


def directive_in(text: str) -> str | None:
    """The JSON of the last script that a text carries."""
    found = DIRECTIVE.findall(text)
    return found[-1] if found else None


def as_directive(script: Script) -> str:
    """A script the way a prompt carries it."""
    return f"SCRIPT:{script.model_dump_json(exclude_defaults=True)}:SCRIPT"
