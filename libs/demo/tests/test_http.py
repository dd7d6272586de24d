import asyncio
import json
from typing import Any

import httpx2
import pytest
from hive_demo.testing import RunningModel, script, step, steps, tool

SESSION = {"x-claude-code-session-id": "s-1"}


def ask(*messages: tuple[str, Any], **rest: Any) -> dict[str, Any]:
    spoken = [{"role": role, "content": content} for role, content in messages]
    return {"model": "claude-test", "max_tokens": 1000, "messages": spoken, **rest}


async def post(http: httpx2.AsyncClient, agent: str, body: dict[str, Any]) -> httpx2.Response:
    return await http.post(f"/agents/{agent}/v1/messages", json=body, headers=SESSION)


def events(response: httpx2.Response) -> list[dict[str, Any]]:
    blocks = [block.splitlines() for block in response.text.strip().split("\n\n")]
    found = [json.loads(data.removeprefix("data: ")) for _, data in blocks]
    assert [name.removeprefix("event: ") for name, _ in blocks] == [event["type"] for event in found]
    return found


def text_of(message: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in message["content"])


async def test_a_stream_brings_its_events_in_the_order_of_the_api(http: httpx2.AsyncClient) -> None:
    scripted = script(step("Good morning", tool("Bash", command="date"), thinking="well", chunks=2))
    response = await post(http, "ann", ask(("user", scripted), stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    seen = events(response)
    kinds = [event["type"] for event in seen if event["type"] != "ping"]
    block = ["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"]
    thinking = ["content_block_start", *["content_block_delta"] * 3, "content_block_stop"]
    assert kinds == ["message_start", *thinking, *block, *block, "message_delta", "message_stop"]
    pieces = [event["delta"] for event in seen if event["type"] == "content_block_delta"]
    assert "".join(piece.get("text", "") for piece in pieces) == "Good morning"
    assert json.loads("".join(piece.get("partial_json", "") for piece in pieces)) == {"command": "date"}
    assert seen[-2]["delta"]["stop_reason"] == "tool_use"


async def test_without_streaming_the_same_step_comes_as_one_message(http: httpx2.AsyncClient) -> None:
    response = await http.post("/v1/messages", json=ask(("user", script(step("hi", tool("Read", file_path="a"))))))
    message = response.json()
    assert [block["type"] for block in message["content"]] == ["text", "tool_use"]
    assert (message["stop_reason"], message["model"]) == ("tool_use", "claude-test")


async def test_the_step_is_the_number_of_answers_since_the_prompt(http: httpx2.AsyncClient) -> None:
    prompt = ("user", script(step("one"), step("two"), prompt="begin"))
    said: list[str] = []
    conversation: list[tuple[str, Any]] = [("user", "earlier"), ("assistant", "ok"), prompt]
    for _ in range(3):
        said.append(text_of((await post(http, "ann", ask(*conversation))).json()))
        called = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
        back = {"type": "tool_result", "tool_use_id": "t", "content": "fine"}
        conversation += [("assistant", [called]), ("user", [back])]
    assert said == ["one", "two", "Done."]


async def test_notices_after_the_prompt_do_not_hide_its_script(http: httpx2.AsyncClient) -> None:
    reminder = {"type": "text", "text": "<system-reminder>\nbe nice\n</system-reminder>"}
    spoken = {"type": "text", "text": script(step("found"))}
    asked = ask(("user", [reminder, spoken]), ("system", "# Environment"), ("user", [reminder]))
    assert text_of((await post(http, "ann", asked)).json()) == "found"


async def test_a_prompt_folded_into_a_turn_leaves_the_turn_its_script(http: httpx2.AsyncClient) -> None:
    called = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    back = {"type": "tool_result", "tool_use_id": "t", "content": "fine"}
    folded = "The user sent a new message while you were working:\nfrom: x\n\nhi\n\nThis is how Claude Code does it."
    asked = ask(
        ("user", script(step("one"), step("two"))), ("assistant", [called]), ("user", [back]), ("system", folded)
    )
    assert text_of((await post(http, "ann", asked)).json()) == "two"


async def test_an_error_is_given_its_times_and_then_the_answer(http: httpx2.AsyncClient) -> None:
    error = {"status": 529, "type": "overloaded_error", "message": "full", "times": 2, "headers": {"retry-after": "1"}}
    asked = ask(("user", script(step("at last", error=error))))
    answers = [await post(http, "ann", asked) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [529, 529, 200]
    assert answers[0].json() == {"type": "error", "error": {"type": "overloaded_error", "message": "full"}}
    assert answers[0].headers["retry-after"] == "1"


async def test_the_same_words_said_later_get_their_errors_anew(http: httpx2.AsyncClient) -> None:
    prompt = ("user", script(step("ok", error={"status": 500, "times": 1})))
    first = [(await post(http, "ann", ask(prompt))).status_code for _ in range(2)]
    later = ask(prompt, ("assistant", "ok"), prompt)
    second = [(await post(http, "ann", later)).status_code for _ in range(2)]
    assert first == second == [500, 200]


async def test_an_error_inside_the_stream_stands_in_place_of_its_end(http: httpx2.AsyncClient) -> None:
    scripted = script(step("half", sse_error={"type": "overloaded_error", "message": "sorry"}))
    seen = events(await post(http, "ann", ask(("user", scripted), stream=True)))
    assert seen[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "sorry"}}
    assert "message_delta" not in [event["type"] for event in seen]


@pytest.mark.parametrize("place", ["start", "middle"])
async def test_a_dropped_connection_ends_without_an_answer(
    model: RunningModel, http: httpx2.AsyncClient, place: str
) -> None:
    with pytest.raises(httpx2.TransportError):
        await post(http, "ann", ask(("user", script(step("never", drop={"at": place}))), stream=True))
    assert [record.outcome for record in model.requests] == ["cut"]


async def test_a_client_that_goes_away_is_recorded_as_such(model: RunningModel, http: httpx2.AsyncClient) -> None:
    asked = ask(("user", script(step("slow", delay=60))), stream=True)
    waiting = asyncio.create_task(post(http, "ann", asked))
    await model.wait_for_requests(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert [record.outcome for record in await model.wait_for_finished(1)] == ["left"]


async def test_each_new_turn_takes_one_script_from_the_queue(model: RunningModel, http: httpx2.AsyncClient) -> None:
    model.set_script("ann", steps(step("a1"), step("a2"), final="a end"), steps(step("b1")))
    called = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    back = {"type": "tool_result", "tool_use_id": "t", "content": "fine"}
    begun: list[tuple[str, Any]] = [("user", "go")]
    gone_on: list[tuple[str, Any]] = [*begun, ("assistant", [called]), ("user", [back])]
    over: list[tuple[str, Any]] = [*gone_on, ("assistant", "a2"), ("user", "go")]
    turns = [begun, begun, gone_on, over, [*over, ("assistant", "b1"), ("user", "go")]]
    said = [text_of((await post(http, "ann", ask(*turn))).json()) for turn in turns]
    assert said == ["a1", "a1", "a2", "b1", "I read: “go”."]
    assert text_of((await post(http, "bob", ask(*begun))).json()) == "I read: “go”."


async def test_a_queue_is_set_and_cleared_over_http(http: httpx2.AsyncClient) -> None:
    scripts = {"scripts": [{"steps": [{"text": "one"}]}, {"steps": [{"text": "two"}]}]}
    assert (await http.put("/control/agents/ann/script", json=scripts)).json() == {"agent": "ann", "waiting": 2}
    assert text_of((await post(http, "ann", ask(("user", "hey")))).json()) == "one"
    assert (await http.delete("/control/agents/ann/script")).status_code == 204
    assert text_of((await post(http, "ann", ask(("user", "you")))).json()) == "I read: “you”."
    bad = await http.put("/control/agents/ann/script", json={"steps": [{"txt": "one"}]})
    assert (bad.status_code, bad.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_summary_is_given_when_claude_code_compacts(http: httpx2.AsyncClient) -> None:
    prompt = "Your task is to create a detailed summary of the conversation so far."
    asked = ask(("user", script(step("x"))), ("assistant", "x"), ("user", prompt))
    assert "<summary>" in text_of((await post(http, "ann", asked)).json())


async def test_a_compaction_can_be_scripted_to_fail(http: httpx2.AsyncClient) -> None:
    failing = step(error={"status": 400, "message": "too long", "times": 1}, text="<summary>s</summary>")
    prompt = "Your task is to create a detailed summary of the conversation so far."
    asked = ask(("user", script(step("x"), compaction=failing)), ("assistant", "x"), ("user", prompt))
    assert [(await post(http, "ann", asked)).status_code for _ in range(2)] == [400, 200]


async def test_requests_are_recorded_and_can_be_waited_for(model: RunningModel, http: httpx2.AsyncClient) -> None:
    waiting = asyncio.create_task(http.get("/control/requests?wait_count=1&timeout=5&agent=ann"))
    offered = [{"name": "Bash", "input_schema": {}}]
    usage = {"output_tokens": 7, "cache_read_input_tokens": 100_000}
    await post(http, "ann", ask(("user", script(step("x", usage=usage))), tools=offered))
    seen = (await waiting).json()
    assert (seen["count"], seen["timed_out"]) == (1, False)
    record = seen["requests"][0]
    assert (record["agent"], record["messages"], record["tools"]) == ("ann", 1, ["Bash"])
    assert record["usage"]["cache_read_input_tokens"] == 100_000
    assert record["last_texts"][-1].startswith("SCRIPT:")
    assert json.loads(model.body(record["number"]) or b"")["model"] == "claude-test"
    served = (await http.get("/control/usage")).json()["agents"]["ann"]
    assert (served["requests"], served["output_tokens"]) == (1, 7)
    assert (await http.get("/control/requests?wait_count=2&timeout=0.01")).json()["timed_out"]
    with pytest.raises(TimeoutError):
        await model.wait_for_requests(2, timeout=0.01)


async def test_the_cache_is_read_for_what_an_earlier_answer_had_seen(http: httpx2.AsyncClient) -> None:
    long = "word " * 2000
    first = (await post(http, "ann", ask(("user", long)))).json()["usage"]
    later = (await post(http, "ann", ask(("user", long), ("assistant", "ok"), ("user", "more")))).json()["usage"]
    assert first["cache_read_input_tokens"] == 0
    assert later["cache_read_input_tokens"] > 2000 > later["cache_creation_input_tokens"]


async def test_ids_follow_from_the_conversation(http: httpx2.AsyncClient) -> None:
    asked, other = ask(("user", "hello")), ask(("user", "hello"), ("assistant", "hi"), ("user", "hello"))
    ids = [(await post(http, "ann", body)).json()["id"] for body in (asked, asked, other)]
    assert ids[0] == ids[1] != ids[2]


async def test_tokens_are_counted_without_an_answer(model: RunningModel, http: httpx2.AsyncClient) -> None:
    response = await http.post("/agents/ann/v1/messages/count_tokens", json=ask(("user", "hello")))
    assert response.json()["input_tokens"] > 10
    assert model.requests == []


async def test_the_probe_of_the_cli_finds_the_server_alive(http: httpx2.AsyncClient) -> None:
    probes = [await http.head("/"), await http.get("/"), await http.head("/agents/ann")]
    assert [probe.status_code for probe in probes] == [200, 200, 200]


async def test_an_unknown_path_is_refused_in_the_shape_of_the_api(http: httpx2.AsyncClient) -> None:
    response = await http.get("/v1/files")
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model": "m"}'])
async def test_a_body_that_is_no_request_is_refused(http: httpx2.AsyncClient, body: bytes) -> None:
    response = await http.post("/v1/messages", content=body)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_script_that_is_none_is_refused_and_recorded(model: RunningModel, http: httpx2.AsyncClient) -> None:
    response = await post(http, "ann", ask(("user", 'SCRIPT:{"stepz": []}:SCRIPT')))
    assert (response.status_code, model.requests[0].outcome) == (400, "refused")
