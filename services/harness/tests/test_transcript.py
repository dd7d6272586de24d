"""Rows and figures over what Claude Code really printed."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hive_harness.figures import Figures
from hive_harness.transcript import Row, rows
from hive_wire.live import LiveKind

Read = Callable[[str], list[dict[str, Any]]]


def all_rows(events: list[dict[str, Any]]) -> list[Row]:
    return [row for event in events for row in rows(event)]


@pytest.mark.spec("LIV-1", door="wire")
def test_every_event_makes_a_row_that_is_known_and_can_be_sent(transcript_name: str, transcript: Read) -> None:
    for event in transcript(transcript_name):
        made = rows(event)
        assert made or event["type"] == "result"
        if event["type"] != "stream_event":
            assert all(row.kind is not LiveKind.UNKNOWN for row in made), event
        json.dumps([row.data for row in made])


def test_an_unknown_event_is_kept_as_it_came() -> None:
    event = {"type": "from_the_future", "depth": {"a": [1, None]}}
    assert rows(event) == [Row(LiveKind.UNKNOWN, {"raw": event})]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "assistant"},
        {"type": "assistant", "message": {"content": "text"}},
        {"type": "user", "message": {"content": [7]}},
        {"type": "system", "subtype": "api_retry"},
        {"type": None},
        {},
    ],
)
def test_an_event_of_another_form_is_shown_and_stops_nothing(event: dict[str, Any]) -> None:
    assert [row.kind for row in rows(event)] == [LiveKind.UNKNOWN]


def test_an_edit_says_what_it_changed(transcript: Read) -> None:
    diffs = [row.data["diff"] for row in all_rows(transcript("tools_bash_read_write_edit")) if "diff" in row.data]
    assert [(diff["added"] > 0, diff["path"].startswith("/")) for diff in diffs] == [(True, True)] * len(diffs)
    assert any(diff["removed"] for diff in diffs)


def test_a_call_and_its_result_carry_the_same_id(transcript: Read) -> None:
    made = all_rows(transcript("mcp_tools"))
    calls = {row.data["id"]: row.data for row in made if row.kind is LiveKind.TOOL_CALL}
    results = {row.data["id"] for row in made if row.kind is LiveKind.TOOL_RESULT}
    assert results == set(calls)
    assert ("send", "bob") in {(call["verb"], call["object"]) for call in calls.values()}


def test_a_subagents_rows_say_so(transcript: Read) -> None:
    made = all_rows(transcript("subagent_foreground"))
    assert any(row.kind is LiveKind.TOOL_CALL and "subagent" in row.data for row in made)
    assert any(row.kind is LiveKind.TOOL_CALL and "subagent" not in row.data for row in made)


def test_ctx_is_the_last_prompt_and_cost_is_a_sum(transcript: Read) -> None:
    figures = Figures()
    for event in transcript("mcp_tools"):
        figures.feed(event)
    assert figures.ctx_tokens is not None
    assert figures.total.prompt > figures.ctx_tokens
    assert figures.cost_usd == pytest.approx(figures.session_cost_usd)
    assert figures.ctx_limit == 1_000_000
    assert figures.tools["mcp__hyperhive__send"] == 1


def test_a_subagents_prompt_does_not_count_as_the_agents_context(transcript: Read) -> None:
    main = [
        event
        for event in transcript("subagent_foreground")
        if event["type"] == "assistant" and not event["parent_tool_use_id"]
    ]
    figures, only_main = Figures(), Figures()
    for event in transcript("subagent_foreground"):
        figures.feed(event)
    for event in main:
        only_main.feed(event)
    assert figures.ctx_tokens == only_main.ctx_tokens
