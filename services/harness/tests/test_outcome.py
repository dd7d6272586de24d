"""Outcomes over what Claude Code really printed."""

from collections.abc import Callable
from typing import Any

from hive_harness.outcome import Result, decide, is_auth_failure

Read = Callable[[str], list[dict[str, Any]]]

EXPECTED = {
    "error_400_invalid": Result.FAILED,
    "error_401": Result.NEEDS_LOGIN,
    "error_401_oauth": Result.NEEDS_LOGIN,
    "error_403": Result.NEEDS_LOGIN,
    "error_404_model": Result.FAILED,
    "error_429_exhausted": Result.API_OUTAGE,
    "error_500_exhausted": Result.API_OUTAGE,
    "error_529_exhausted": Result.API_OUTAGE,
    "error_529_fallback_model": Result.API_OUTAGE,
    "error_connrefused": Result.API_OUTAGE,
    "error_prompt_too_long": Result.PROMPT_TOO_LONG,
    "prompt_too_long_compactfail": Result.PROMPT_TOO_LONG,
    "prompt_too_long_noauto": Result.PROMPT_TOO_LONG,
    "prompt_too_long_persistent": Result.PROMPT_TOO_LONG,
    "interrupt_bash": Result.CANCELLED,
    "interrupt_mcp": Result.CANCELLED,
    "interrupt_streaming": Result.CANCELLED,
    "mid_turn_message_now": Result.CANCELLED,
    "max_budget": Result.FAILED,
    "max_turns": Result.FAILED,
    "rate_limit_rejected": Result.PROVIDER_LIMIT,
    "refusal": Result.FAILED,
    "resume_bad": Result.FAILED,
}


def test_a_turn_ends_as_the_captured_run_did(transcript_name: str, transcript: Read) -> None:
    events = transcript(transcript_name)
    at = next(i for i, event in enumerate(events) if event["type"] == "result")
    assert decide(events[at], events[:at]).result is EXPECTED.get(transcript_name, Result.OK)


def test_a_rejected_limit_says_when_it_ends(transcript: Read) -> None:
    events = transcript("rate_limit_rejected")
    outcome = decide(events[-1], events[:-1])
    assert outcome.resets_at is not None
    assert outcome.resets_at.tzinfo is not None


def test_the_first_refused_login_is_seen_before_the_retries_are_over(transcript: Read) -> None:
    events = transcript("error_401")
    first = next(i for i, event in enumerate(events) if is_auth_failure(event))
    assert events[first]["subtype"] == "api_retry"
    assert events[first]["attempt"] == 1


def test_an_overload_is_no_refused_login(transcript: Read) -> None:
    assert not any(is_auth_failure(event) for event in transcript("error_529_exhausted"))
