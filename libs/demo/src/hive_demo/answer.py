"""Puts a step into the shape of the Messages API: one JSON message, or the events of a stream.

Ids follow from the request, so that the same conversation gets the same ids. Timing and sockets are the door's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from hive_demo.conversation import MessagesRequest
from hive_demo.script import Step

Json = dict[str, JsonValue]
CHARACTERS_PER_TOKEN = 4
SIGNATURE = "c2NyaXB0ZWQ="


@dataclass(frozen=True)
class Event:
    """One event of the stream; `paced` ones are followed by the step's pause."""

    data: Json
    paced: bool = False

    def encoded(self) -> bytes:
        return f"event: {self.data['type']}\ndata: {json.dumps(self.data)}\n\n".encode()


@dataclass(frozen=True)
class Answer:
    """A step, bound to the request that it answers."""

    id: str
    model: str
    step: Step
    usage: dict[str, int]

    @property
    def blocks(self) -> list[Json]:
        step = self.step
        blocks: list[Json] = []
        if step.thinking is not None:
            blocks.append({"type": "thinking", "thinking": step.thinking, "signature": SIGNATURE})
        if step.text is not None:
            blocks.append({"type": "text", "text": step.text})
        for number, call in enumerate(step.tools):
            tool_id = f"toolu_{self.id}{number:02d}"
            blocks.append({"type": "tool_use", "id": tool_id, "name": call.name, "input": call.input})
        return blocks

    @property
    def stop_reason(self) -> str:
        return self.step.stop_reason or ("tool_use" if self.step.tools else "end_turn")

    def as_message(self) -> Json:
        message = self._message(self.usage)
        return {**message, "content": [*self.blocks], "stop_reason": self.stop_reason}

    def events(self) -> Iterator[Event]:
        """The stream in its order; a scripted stream error stands in place of the end."""
        yield Event({"type": "message_start", "message": self._message({**self.usage, "output_tokens": 1})})
        yield Event({"type": "ping"})
        for index, block in enumerate(self.blocks):
            yield from _block_events(index, block, self.step.chunks)
        if self.step.sse_error is not None:
            failure = self.step.sse_error
            yield Event(refusal(failure.type, failure.message))
            return
        delta: Json = {"stop_reason": self.stop_reason, "stop_sequence": None}
        yield Event({"type": "message_delta", "delta": delta, "usage": {**self.usage}})
        yield Event({"type": "message_stop"})

    def _message(self, usage: dict[str, int]) -> Json:
        return {
            "id": f"msg_{self.id}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage},
        }


def answer(agent: str, session: str, raw: bytes, request: MessagesRequest, step: Step) -> Answer:
    """Binds a step to the request with this raw body."""
    spoken = "".join(message.model_dump_json() for message in request.messages)
    digest = hashlib.sha256(f"{agent}\0{session}\0{spoken}".encode()).hexdigest()
    return Answer(id=digest[:22], model=request.model, step=step, usage=_usage(len(raw), request, step))


def refusal(type_: str, message: str) -> Json:
    """An error in the API's shape."""
    return {"type": "error", "error": {"type": type_, "message": message}}


def _usage(length: int, request: MessagesRequest, step: Step) -> dict[str, int]:
    """What the last answer had seen counts as read from the cache, what came since as written to it."""
    answered = [place for place, message in enumerate(request.messages) if message.role == "assistant"]
    total = max(1, length // CHARACTERS_PER_TOKEN)
    new = total
    if answered:
        since = request.messages[answered[-1] :]
        new = min(total, sum(len(m.model_dump_json()) for m in since) // CHARACTERS_PER_TOKEN)
    said = len(step.thinking or "") + len(step.text or "")
    said += sum(len(call.model_dump_json()) for call in step.tools)
    usage = {
        "input_tokens": min(new, 4),
        "cache_creation_input_tokens": max(0, new - 4),
        "cache_read_input_tokens": total - new,
        "output_tokens": max(1, said // CHARACTERS_PER_TOKEN),
    }
    stated: dict[str, int] = step.usage.model_dump(exclude_none=True)
    return usage | stated


def _block_events(index: int, block: Json, chunks: int) -> Iterator[Event]:
    start, deltas = _pieces(block, chunks)
    yield Event({"type": "content_block_start", "index": index, "content_block": start})
    for delta in deltas:
        yield Event({"type": "content_block_delta", "index": index, "delta": delta}, paced=True)
    yield Event({"type": "content_block_stop", "index": index})


def _pieces(block: Json, chunks: int) -> tuple[Json, list[Json]]:
    """The block as it starts, empty, and the deltas that fill it."""
    if block["type"] == "text":
        start: Json = {"type": "text", "text": ""}
        return start, [{"type": "text_delta", "text": part} for part in _cut(str(block["text"]), chunks)]
    if block["type"] == "thinking":
        parts = _cut(str(block["thinking"]), chunks)
        deltas: list[Json] = [{"type": "thinking_delta", "thinking": part} for part in parts]
        deltas.append({"type": "signature_delta", "signature": SIGNATURE})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    parts = _cut(json.dumps(block["input"]), 2)
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]


def _cut(text: str, chunks: int) -> list[str]:
    size = max(1, -(-len(text) // chunks))
    return [text[start : start + size] for start in range(0, len(text), size)]
