"""A call: its answer, and every way in which there is none."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hive_kit.bus import Bus, Caller, CallError, Service
from hive_kit.testing import TestNats, eventually, swarm_nats
from hive_wire import broker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.names import Role
from nats.errors import Error as NatsError

from .conftest import ECHO, Answer, Said


async def echo(caller: Caller, said: Said) -> Said:
    return Said(text=f"{caller.principal} ({caller.role}): {said.text}", number=said.number)


async def never(_caller: Caller, _said: Said) -> Said:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_call_is_answered_and_the_service_knows_who_asked(answer: Answer, operator: Bus) -> None:
    await answer(echo)
    assert await operator.call(ECHO, Said(text="hello", number=7)) == Said(text="operator (operator): hello", number=7)


async def test_a_refusal_carries_its_code_its_sentence_and_its_facts(answer: Answer, operator: Bus) -> None:
    async def refuse(_caller: Caller, _said: Said) -> Said:
        raise Refusal(ErrorCode.UNKNOWN_RECIPIENT, "nobody\nof that näme", known=["scout", "bob"])

    await answer(refuse)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.UNKNOWN_RECIPIENT
    assert refused.value.message == "nobody\nof that näme"
    assert refused.value.details == {"known": ["scout", "bob"]}


async def test_a_verb_that_nobody_answers_is_unavailable_at_once(answer: Answer, operator: Bus) -> None:
    await answer(echo)
    unknown = replace(ECHO, name="nonsense")
    with pytest.raises(CallError) as refused:
        await operator.call(unknown, Said(), timeout=60)
    assert refused.value.code is ErrorCode.UNAVAILABLE


@pytest.mark.spec("OPS-12", door="wire")
@pytest.mark.parametrize(
    "payload",
    [
        b"{", b"[]", b"null", b'"text"', b'{"number": "many"}', b'{"text": 5}', b"\xff\xfe", b'{"text": "\\ud800"}',
        b"[" * 5000, b'{"number": 1e999}', b'{"text": null}',
    ],
)  # fmt: skip
async def test_a_request_that_cant_be_read_is_a_bad_request(answer: Answer, operator: Bus, payload: bytes) -> None:
    await answer(echo)
    with pytest.raises(CallError) as refused:
        await operator.request("hive.from.operator.broker.echo", payload, 5)
    assert refused.value.code is ErrorCode.BAD_REQUEST
    assert refused.value.details["errors"]


async def test_a_bad_request_names_the_field(answer: Answer, operator: Bus) -> None:
    await answer(echo)
    with pytest.raises(CallError, match=r"broker\.echo: number") as refused:
        await operator.request("hive.from.operator.broker.echo", b'{"number": "many"}', 5)
    assert refused.value.details["errors"][0]["field"] == "number"


async def test_no_payload_is_an_empty_request(answer: Answer, operator: Bus) -> None:
    await answer(echo)
    assert b"operator" in await operator.request("hive.from.operator.broker.echo", b"", 5)


async def test_a_fault_in_a_handler_is_internal_and_leaks_nothing(answer: Answer, operator: Bus) -> None:
    async def fail(_caller: Caller, _said: Said) -> Said:
        raise RuntimeError("the password is 1234")

    await answer(fail)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.INTERNAL
    assert "1234" not in refused.value.message + json.dumps(refused.value.details)


@pytest.mark.parametrize("fault", [FileNotFoundError("/etc/secret"), ConnectionError(), NatsError("nats: own call")])
async def test_a_handlers_own_failed_call_or_file_is_answered_too(
    answer: Answer, operator: Bus, fault: Exception
) -> None:
    async def fail(_caller: Caller, _said: Said) -> Said:
        raise fault

    await answer(fail)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.INTERNAL


async def test_a_handler_that_builds_a_wrong_value_is_internal_and_not_the_callers_fault(
    answer: Answer, operator: Bus
) -> None:
    async def fail(_caller: Caller, _said: Said) -> Said:
        return Said.model_validate({"number": "many"})

    await answer(fail)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.INTERNAL


async def test_a_reply_larger_than_nats_takes_is_a_fault_and_not_silence(answer: Answer, operator: Bus) -> None:
    async def shout(_caller: Caller, _said: Said) -> Said:
        return Said(text="x" * (9 * 1024 * 1024))

    await answer(shout)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.INTERNAL


async def test_a_request_larger_than_nats_takes_is_refused_before_it_is_sent(answer: Answer, operator: Bus) -> None:
    await answer(echo)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said(text="x" * (9 * 1024 * 1024)))
    assert refused.value.code is ErrorCode.BODY_TOO_LARGE
    assert await operator.call(ECHO, Said())


async def test_an_answer_that_was_not_declared_is_a_fault(answer: Answer, operator: Bus) -> None:
    class Other(Wire):
        number: str

    async def other(_caller: Caller, _said: Said) -> Wire:
        return Other(number="many")

    await answer(other)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.INTERNAL


async def test_the_callers_deadline_ends_the_handler(answer: Answer, operator: Bus) -> None:
    ended = asyncio.Event()

    async def wait(_caller: Caller, _said: Said) -> Said:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    await answer(wait)
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said(), timeout=0.2)
    assert refused.value.code is ErrorCode.TIMEOUT
    await asyncio.wait_for(ended.wait(), 10)


@pytest.mark.spec("OPS-4", door="wire")
async def test_a_role_that_the_verb_is_not_for_is_refused_by_the_service_too(answer: Answer, operator: Bus) -> None:
    handled: list[Said] = []

    async def note(_caller: Caller, said: Said) -> Said:
        handled.append(said)
        return said

    for_core = replace(ECHO, roles=frozenset({Role.CORE}))
    await answer(note, for_core)
    with pytest.raises(CallError) as refused:
        await operator.call(for_core, Said())
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert not handled


async def test_what_nats_denies_is_forbidden_at_once(nats: TestNats, answer: Answer) -> None:
    await answer(echo)
    scout = await nats.bus("scout")
    with pytest.raises(CallError) as refused:
        await scout.call(ECHO, Said(), timeout=60)
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_harness_answers_for_its_own_agent_only(nats: TestNats, operator: Bus) -> None:
    ask = replace(ECHO, service="agent")
    for name in ("scout", "bob"):

        async def say_name(_caller: Caller, _said: Said, name: str = name) -> Said:
            return Said(text=name)

        service = Service(await nats.bus(name), "agent", "1.0.0", "a harness", agent=name)
        service.add(ask, say_name)
        await service.start()
    assert (await operator.call(ask, Said(), agent="bob")).text == "bob"
    assert (await operator.call(ask, Said(), agent="scout")).text == "scout"
    with pytest.raises(CallError) as refused:
        await operator.call(ask, Said(), agent="nobody")
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_live_events_reach_whoever_listens(nats: TestNats, operator: Bus) -> None:
    heard: list[tuple[str, bytes]] = []
    await operator.subscribe("hive.live.>", lambda subject, payload: heard.append((subject, payload)))
    scout = await nats.bus("scout")
    await scout.publish_live("scout", "text", b"{}")

    async def look() -> list[Any]:
        return heard

    assert await eventually(look) == [("hive.live.scout.text", b"{}")]


async def test_connecting_gives_up_when_told_to(tmp_path: Path) -> None:
    with pytest.raises(CallError) as refused:
        await Bus.connect("nats://127.0.0.1:1", "scout", None, wait_seconds=0.1)
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_wrong_credentials_are_forbidden(nats: TestNats, tmp_path: Path) -> None:
    async with swarm_nats(tmp_path / "other") as other:
        with pytest.raises(CallError) as refused:
            await Bus.connect(nats.url, "scout", other.creds("scout"))
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_only_repeatable_verbs_are_called_persistently(operator: Bus) -> None:
    once = replace(ECHO, repeatable=False)
    with pytest.raises(ValueError, match=r"broker\.echo"):
        await operator.call_persistently(once, Said())


async def test_a_persistent_call_returns_a_services_own_refusal(answer: Answer, operator: Bus) -> None:
    async def refuse(_caller: Caller, _said: Said) -> Said:
        raise Refusal(ErrorCode.NOT_FOUND, "no")

    await answer(refuse)
    with pytest.raises(CallError) as refused:
        await operator.call_persistently(ECHO, Said())
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_a_persistent_call_waits_for_its_service(answer: Answer, operator: Bus) -> None:
    waiting = asyncio.ensure_future(operator.call_persistently(ECHO, Said(text="hi")))
    with pytest.raises(CallError):
        await operator.call(ECHO, Said())
    assert not waiting.done()
    await answer(echo)
    async with asyncio.timeout(10):
        assert (await waiting).text == "operator (operator): hi"


async def test_an_identity_that_the_reply_inbox_contradicts_is_not_handled(answer: Answer, operator: Bus) -> None:
    handled: list[Said] = []

    async def note(_caller: Caller, said: Said) -> Said:
        handled.append(said)
        return said

    await answer(note)
    forged = ("_INBOX.bob.x", "_INBOX.broker.x", "_INBOX.operatorx.y", "hive.from.bob.broker.send", "_INBOX.>", "")
    for number, reply in enumerate(forged):
        payload = Said(number=number).model_dump_json().encode()
        await operator.nats._send_publish("hive.from.operator.broker.echo", reply, payload, len(payload), {})
    assert await operator.call(ECHO, Said(number=99)) == Said(number=99)
    assert handled == [Said(number=99)]


async def test_closing_fails_what_is_pending(answer: Answer, operator: Bus) -> None:
    await answer(never)
    call = asyncio.ensure_future(operator.call(ECHO, Said(), timeout=60))
    await operator.sync()
    await operator.close()
    with pytest.raises(CallError) as refused:
        await call
    assert refused.value.code is ErrorCode.DISCONNECTED
    with pytest.raises(CallError) as refused:
        await operator.call(ECHO, Said())
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert operator.closed.is_set()


async def test_the_brokers_verbs_are_unavailable_without_a_broker(nats: TestNats) -> None:
    scout = await nats.bus("scout")
    with pytest.raises(CallError) as refused:
        await scout.call(wire.SEND, wire.SendRequest(to="bob", body="x", key="k"))
    assert refused.value.code is ErrorCode.UNAVAILABLE
