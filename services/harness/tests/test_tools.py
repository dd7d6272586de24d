"""The agent's tools, through the MCP library's own client and a real broker."""

import asyncio
import signal
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from hive_harness.mail import Mail
from hive_harness.mcp.server import ERROR_META, RESULT_META
from hive_harness.mcp.tools.mail import MailTools
from hive_harness.mcp.tools.tool import Calls
from hive_wire import broker
from hive_wire.errors import ErrorCode, Refusal


@pytest.fixture
async def served(calling: Any) -> AsyncGenerator[Any]:
    async with calling(f"t{uuid.uuid4().hex[:8]}", operator_pronouns="she/her", revision="abc123") as caller:
        yield caller


def text_of(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


EVERYONE = {
    "send", "recv", "message_status", "recent", "ask", "answer", "remind", "get_loose_ends", "cancel_loose_end",
    "whoami",
}  # fmt: skip
MANAGER = {
    "request_spawn", "request_spawn_draft", "request_spawn_commit", "request_apply_commit", "start", "stop", "kill",
    "restart", "update", "list_agents", "logs",
}  # fmt: skip


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_any_client_can_list_and_call_the_tools(served: Any, mode: str) -> None:
    async with served.client(mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == EVERYONE
        assert tools["recv"].input_schema["properties"]["wait_seconds"]["maximum"] == 180
        assert tools["recent"].annotations is not None
        assert tools["recent"].annotations.read_only_hint is True
        result = await client.call_tool("whoami", {})
        assert result.structured_content == {
            "name": served.name,
            "role": "agent",
            "operator_pronouns": "she/her",
            "revision": "abc123",
            "state_dir": "/state",
        }


@pytest.mark.spec("MCP-2", door="mcp")
async def test_only_the_manager_is_offered_the_managers_tools(calling: Any, hive: Any) -> None:
    async with calling("manager", role="manager") as manager, manager.client() as client:
        tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == EVERYONE | MANAGER


async def test_every_tool_says_what_it_is_for_what_it_takes_and_what_it_gives(calling: Any) -> None:
    async with calling("manager", role="manager") as manager, manager.client() as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        assert len(tool.description) > 60, tool.name
        for name, argument in tool.input_schema.get("properties", {}).items():
            assert argument.get("description"), f"{tool.name}.{name}"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema or tool.name in {"recv", "recent", "logs"}
        hints = tool.annotations
        assert None not in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        assert not (hints.read_only_hint and hints.destructive_hint)
    destructive = {tool.name for tool in tools if tool.annotations.destructive_hint}
    assert destructive == {"stop", "kill", "restart", "update", "cancel_loose_end"}


@pytest.mark.spec("MCP-2", door="mcp")
async def test_an_agent_that_calls_the_managers_tools_is_refused_by_nats(calling: Any) -> None:
    async with calling("sly", role="manager", credentials_of=f"t{uuid.uuid4().hex[:8]}") as sly:
        for tool, arguments in (
            ("request_spawn", {"name": "minion"}),
            ("request_spawn_draft", {"name": "minion"}),
            ("request_spawn_commit", {"name": "minion", "commit": "abcdef0"}),
            ("request_apply_commit", {"agent": "ann", "commit": "abcdef0", "description": "x"}),
            ("stop", {"name": "ann"}),
            ("restart", {"name": "ann"}),
            ("list_agents", {}),
            ("logs", {"name": "ann"}),
        ):
            assert (await sly.refused(tool, **arguments)).startswith("forbidden: "), tool


@pytest.mark.spec("MCP-1", door="mcp")
@pytest.mark.spec("MSG-15", door="mcp")
async def test_a_sent_message_is_stored_and_its_status_tells_the_truth(served: Any) -> None:
    async with served.client() as client:
        sent = await client.call_tool("send", {"to": "operator", "body": "Hello."})
        number = sent.structured_content["id"]
        assert sent.structured_content["state"] == "pending"
        status = await client.call_tool("message_status", {"id": number})
        assert (status.structured_content["state"], status.structured_content["body"]) == ("pending", "Hello.")
        await served.operator.call(broker.MARK_HANDLED, broker.MessageIds(ids=[number]))
        status = await client.call_tool("message_status", {"id": number})
        assert status.structured_content["state"] == "acked"


@pytest.mark.spec("MCP-3", door="mcp")
@pytest.mark.spec("MSG-3", door="mcp")
async def test_recv_takes_mail_into_the_turn_the_moment_it_comes(served: Any) -> None:
    assert served.turn is not None
    async with served.client() as client:
        empty = await client.call_tool("recv", {})
        assert text_of(empty) == "No new messages."
        waiting = asyncio.create_task(client.call_tool("recv", {"wait_seconds": 60}))
        number = await served.receive_mail("Now.")
        result = await waiting
    assert text_of(result) == f"from: operator\nmessage: #{number}\n\nNow."
    assert result.structured_content is None
    assert result.meta[RESULT_META]["messages"][0]["id"] == number
    assert served.turn.ids == [number]


@pytest.mark.spec("MSG-4", door="mcp")
async def test_mail_that_nobody_waits_for_any_more_goes_back_in_line(served: Any) -> None:
    async with served.client() as client:
        waiting = asyncio.create_task(client.call_tool("recv", {"wait_seconds": 60}))
        await asyncio.wait({waiting}, timeout=0.5)
        waiting.cancel()
        await asyncio.wait({waiting})
        number = await served.receive_mail("Too late.")
        for _ in range(100):
            result = await client.call_tool("recv", {"wait_seconds": 0.2})
            if served.turn is not None and served.turn.ids:
                break
    assert f"message: #{number}" in text_of(result)


async def test_recv_outside_a_turn_is_refused(served: Any) -> None:
    served.turn = None
    async with served.client() as client:
        result = await client.call_tool("recv", {"wait_seconds": 60})
    assert result.is_error
    assert text_of(result).startswith("no_turn: ")


@pytest.mark.spec("MSG-8", door="mcp")
async def test_recent_shows_the_inbox_and_delivers_nothing(served: Any) -> None:
    number = await served.receive_mail("First line.\nSecond.")
    async with served.client() as client:
        result = await client.call_tool("recent", {"limit": 5})
    assert f"#{number} from operator to {served.name}: pending" in text_of(result)
    assert "First line." in text_of(result)
    status = await served.operator.call(broker.MESSAGE_STATUS, broker.MessageId(id=number))
    assert status.state == "pending"


@pytest.mark.spec("MSG-12", door="mcp")
async def test_a_body_that_is_too_large_is_refused_and_sent_to_a_file(served: Any) -> None:
    async with served.client() as client:
        result = await client.call_tool("send", {"to": "operator", "body": "x" * 300_000})
    assert result.is_error
    assert text_of(result).startswith("body_too_large: ")
    assert "file" in text_of(result)
    assert result.meta[ERROR_META]["details"]["limit"] == 256 * 1024


@pytest.mark.spec("MSG-2", door="mcp")
async def test_a_call_whose_outcome_was_lost_stores_nothing_twice_when_it_is_repeated(hive: Any) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    core, own = await hive.bus("lifecycle"), await hive.bus(name)
    await core.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=name))
    tools = MailTools(Calls(own, seconds=0.5), Mail(own), lambda: None).all()
    send = next(tool for tool in tools if tool.name == "send")
    wish = send.arguments.model_validate({"to": name, "body": "Once."})
    hive.broker.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Refusal) as lost:
            await send.call(wish)
    finally:
        hive.broker.send_signal(signal.SIGCONT)
    assert lost.value.code is ErrorCode.TIMEOUT
    first, _ = await send.call(wish)
    inbox = await own.call(broker.RECENT, broker.RecentRequest())
    assert [message.body for message in inbox.messages] == ["Once."]
    second, _ = await send.call(wish)
    assert second.id != first.id
    for bus in (core, own):
        await bus.close()


@pytest.mark.spec("MSG-14", door="mcp")
async def test_a_reply_names_what_it_answers_and_joins_its_thread(served: Any) -> None:
    question = await served.receive_mail("What is it?")
    async with served.client() as client:
        sent = await client.call_tool("send", {"to": "operator", "body": "It.", "in_reply_to": question})
        foreign = await client.call_tool("send", {"to": "operator", "body": "It.", "in_reply_to": 999})
    assert text_of(foreign).startswith("not_found: ")
    thread = await served.operator.call(broker.THREAD, broker.MessageId(id=question))
    assert [m.id for m in thread.messages] == [question, sent.structured_content["id"]]


@pytest.mark.spec("MSG-1", door="mcp")
@pytest.mark.spec("OPS-12", door="mcp")
async def test_a_refusal_says_its_code_and_what_there_is(served: Any) -> None:
    async with served.client() as client:
        result = await client.call_tool("send", {"to": "nobody-here", "body": "x"})
        assert result.is_error
        assert text_of(result).startswith("unknown_recipient: ")
        assert served.name in text_of(result)
        assert result.meta[ERROR_META]["code"] == "unknown_recipient"
        result = await client.call_tool("send", {"to": "operator", "body": "x", "reply_to": 3})
        assert text_of(result).startswith("bad_request: ")
        result = await client.call_tool("recv", {"wait_seconds": 181})
        assert text_of(result).startswith("bad_request: ")


@pytest.mark.spec("MSG-13", door="mcp")
async def test_an_agent_writes_only_to_whom_its_configuration_allows(served: Any, hive: Any) -> None:
    core = await hive.bus("lifecycle")
    inbox = broker.InboxName(name=served.name, may_write_to=["manager"])
    await core.call_persistently(broker.OPEN_INBOX, inbox)
    refused = await served.refused("send", to="operator", body="x")
    assert refused.startswith("not_allowed: ")
    assert "manager" in refused
    await core.call_persistently(broker.OPEN_INBOX, broker.InboxName(name=served.name))
    assert (await served.given("send", to="operator", body="x"))["state"] == "pending"
    await core.close()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "bearer"}])
async def test_without_the_token_nobody_gets_in(served: Any, headers: dict[str, str]) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.post(served.endpoint.url, json={}, headers=headers)
    assert answer.status_code == 401


async def test_another_host_name_is_refused(served: Any) -> None:
    headers = {"Authorization": f"Bearer {served.endpoint.token}", "Host": "evil.example"}
    async with httpx2.AsyncClient() as http:
        answer = await http.post(served.endpoint.url, json={}, headers=headers)
    assert answer.status_code in (403, 421)
