"""The HTTP door: the Messages API for Claude Code, and the control endpoints for tests.

Decodes, asks the model, and plays its step onto the socket, with the step's pauses and failures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hive_demo.answer import CHARACTERS_PER_TOKEN, Answer, Event, answer, refusal
from hive_demo.conversation import MessagesRequest, last_texts
from hive_demo.ledger import Ledger, Record
from hive_demo.model import Decision, ScriptedModel
from hive_demo.script import HttpError, Script, Step

ERROR_TYPES = {400: "invalid_request_error", 404: "not_found_error", 405: "invalid_request_error"}
LONGEST_WAIT = 300.0
UNNAMED_AGENT = "agent"
SESSION_HEADER = "x-claude-code-session-id"


class Queue(BaseModel):
    """What PUT .../script takes: several scripts, one for each coming turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scripts: list[Script]


ONE_OR_MORE: TypeAdapter[Script | Queue] = TypeAdapter(Script | Queue)


@dataclass(frozen=True)
class Door:
    """The endpoints, and what they work on."""

    model: ScriptedModel
    ledger: Ledger

    async def alive(self, request: Request) -> Response:
        return JSONResponse({"service": "hive_demo"})

    async def messages(self, request: Request) -> Response:
        agent = request.path_params.get("agent", UNNAMED_AGENT)
        session = request.headers.get(SESSION_HEADER, "")
        raw = await request.body()
        try:
            asked = MessagesRequest.model_validate_json(raw)
        except ValidationError as error:
            return _refused(400, f"this is not a Messages request: {error}")
        record = self._record(agent, session, asked)
        try:
            decision = self.model.decide(agent, session, asked)
        except ValidationError as error:
            record.status = 400
            self.ledger.arrived(record, raw)
            self.ledger.finished(record, "refused")
            return _refused(400, f"the script in the prompt is none: {error}")
        given = answer(agent, session, raw, asked, decision.step)
        _note_decision(record, decision, given)
        self.ledger.arrived(record, raw)
        step = decision.step
        if step.error is not None:
            return await self._refuse(record, step, step.error)
        if step.drop is not None and (step.drop.at == "start" or not asked.stream):
            return await self._hang_up(record, step, request)
        if asked.stream:
            return self._stream(record, given, request)
        await asyncio.sleep(step.delay)
        self.ledger.finished(record, "answered")
        return JSONResponse(given.as_message(), headers=given.step.headers)

    async def count_tokens(self, request: Request) -> Response:
        return JSONResponse({"input_tokens": max(1, len(await request.body()) // CHARACTERS_PER_TOKEN)})

    async def put_script(self, request: Request) -> Response:
        agent = request.path_params["agent"]
        raw = await request.body()
        try:
            given = ONE_OR_MORE.validate_json(raw)
        except ValidationError as error:
            return _refused(400, f"this is not a script: {error}")
        self.model.turns.queue(agent, given.scripts if isinstance(given, Queue) else [given])
        return JSONResponse({"agent": agent, "waiting": self.model.turns.waiting(agent)})

    async def delete_script(self, request: Request) -> Response:
        self.model.turns.queue(request.path_params["agent"], [])
        return Response(status_code=204)

    async def requests(self, request: Request) -> Response:
        agent = request.query_params.get("agent")
        try:
            wanted = int(request.query_params.get("wait_count", "0"))
            timeout = min(float(request.query_params.get("timeout", "30")), LONGEST_WAIT)
        except ValueError:
            return _refused(400, "wait_count and timeout are numbers")
        reached = await self.ledger.wait_for(wanted, timeout, agent)
        records = [asdict(record) for record in self.ledger.by_agent(agent)]
        return JSONResponse({"count": self.ledger.count(agent), "timed_out": not reached, "requests": records})

    async def request_body(self, request: Request) -> Response:
        body = self.ledger.body(request.path_params["number"])
        if body is None:
            return _refused(404, "the body of that request is not kept")
        return Response(body, media_type="application/json")

    async def usage(self, request: Request) -> Response:
        return JSONResponse({"agents": {agent: dict(served) for agent, served in self.ledger.usage.items()}})

    def _record(self, agent: str, session: str, asked: MessagesRequest) -> Record:
        return Record(
            number=self.ledger.next_number(),
            agent=agent,
            session=session,
            at=datetime.now(UTC).isoformat(),
            model=asked.model,
            messages=len(asked.messages),
            last_texts=last_texts(asked.messages),
            tools=sorted(asked.offered),
            streamed=asked.stream,
        )

    async def _refuse(self, record: Record, step: Step, error: HttpError) -> Response:
        await asyncio.sleep(step.delay)
        self.ledger.finished(record, "refused")
        return JSONResponse(refusal(error.type, error.message), error.status, error.headers)

    async def _hang_up(self, record: Record, step: Step, request: Request) -> Response:
        await asyncio.sleep(step.delay)
        self.ledger.finished(record, "cut")
        _cut_connection(request)
        return Response()

    def _stream(self, record: Record, given: Answer, request: Request) -> Response:
        headers = {"cache-control": "no-cache", "request-id": f"req_{given.id}", **given.step.headers}
        return StreamingResponse(self._play(record, given, request), 200, headers, "text/event-stream")

    async def _play(self, record: Record, given: Answer, request: Request) -> AsyncIterator[bytes]:
        """The stream, in its time. Whoever goes away meanwhile leaves a record that says so."""
        outcome = "left"
        events = list(given.events())
        try:
            await asyncio.sleep(given.step.delay)
            for event in events[: len(events) // 2] if given.step.drop else events:
                if event is events[-1]:
                    outcome = "cut" if given.step.sse_error else "answered"
                yield event.encoded()
                await _pause(event, given.step)
            if given.step.drop:
                outcome = "cut"
                _cut_connection(request)
        finally:
            if record.outcome == "open":
                self.ledger.finished(record, outcome)


def application(model: ScriptedModel, ledger: Ledger) -> Starlette:
    """The ASGI application."""
    door = Door(model, ledger)
    return Starlette(
        routes=[
            Route("/", door.alive),
            Route("/agents/{agent}", door.alive),
            Route("/v1/messages", door.messages, methods=["POST"]),
            Route("/v1/messages/count_tokens", door.count_tokens, methods=["POST"]),
            Route("/agents/{agent}/v1/messages", door.messages, methods=["POST"]),
            Route("/agents/{agent}/v1/messages/count_tokens", door.count_tokens, methods=["POST"]),
            Route("/control/agents/{agent}/script", door.put_script, methods=["PUT"]),
            Route("/control/agents/{agent}/script", door.delete_script, methods=["DELETE"]),
            Route("/control/requests", door.requests),
            Route("/control/requests/{number:int}/body", door.request_body),
            Route("/control/usage", door.usage),
        ],
        exception_handlers={HTTPException: _http_refusal},
    )


def _note_decision(record: Record, decision: Decision, given: Answer) -> None:
    record.source = decision.source
    record.step = decision.number
    if decision.step.error is not None:
        record.status = decision.step.error.status
        return
    record.status = 200
    record.called = [call.name for call in decision.step.tools]
    record.usage = given.usage


async def _pause(event: Event, step: Step) -> None:
    if event.paced and step.chunk_delay:
        await asyncio.sleep(step.chunk_delay)


def _cut_connection(request: Request) -> None:
    """The server puts the connection's transport into the request's state."""
    transport: asyncio.Transport = request.state.transport
    transport.abort()


def _refused(status: int, message: str) -> Response:
    return JSONResponse(refusal(ERROR_TYPES.get(status, "api_error"), message), status)


async def _http_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refused(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
