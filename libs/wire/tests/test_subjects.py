"""Subjects: what is made can be taken apart, and nothing else is taken for a request."""

import re

import pytest
from hive_wire import broker, subjects
from hive_wire.agent import CANCEL
from hive_wire.catalog import EVENTS, VERBS
from hive_wire.subjects import RequestSubject, parse_request
from hive_wire.verb import AGENT_SERVICE
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,30}\Z")
GOOD = "hive.from.scout.broker.send"


@given(principal=NAMES, verb=st.sampled_from(VERBS), agent=NAMES)
def test_a_requests_subject_comes_apart_as_it_was_made(principal: str, verb: broker.Verb, agent: str) -> None:
    to = agent if verb.service == AGENT_SERVICE else None
    made = subjects.request(principal, verb, to)
    assert parse_request(made) == RequestSubject(principal, verb.service, verb.name, to)


@given(st.text(alphabet="hivefromscutbka.*> \n\r\tA9-_$", max_size=60))
def test_what_parses_has_nothing_in_it_that_subjects_give_a_meaning(text: str) -> None:
    _assert_strict(text)


@given(
    place=st.integers(0, len(GOOD)),
    cut=st.integers(0, 3),
    put=st.text(alphabet=".*>\n \x00A_-a9é", max_size=3),
)
def test_a_damaged_subject_is_refused_or_still_strict(place: int, cut: int, put: str) -> None:
    _assert_strict(GOOD[:place] + put + GOOD[place + cut :])


def _assert_strict(text: str) -> None:
    parsed = parse_request(text)
    if parsed is None:
        return
    assert re.fullmatch(r"[a-z0-9_.-]+", text)
    tokens = text.split(".")
    assert tokens[:2] == ["hive", "from"]
    assert tokens[2] == parsed.principal
    assert tokens[-1] == parsed.verb
    assert len(tokens) == (5 if parsed.agent is None else 6)


@pytest.mark.parametrize(
    "subject",
    [
        "", "hive", GOOD + ".", "." + GOOD, GOOD + ".extra", GOOD + "\n", GOOD + " ", "hive.from.*.broker.send",
        "hive.from.>", "hive.from.scout.broker.>", "hive.from.Scout.broker.send", "HIVE.from.scout.broker.send",
        "hive.from.scout.broker.SEND", "hive.from.scout.broker.", "hive.from..broker.send", "hive.from.scout..send",
        "hive.from.scout.agent.*.cancel", "hive.from.scout.agent.bob.cancel.x", "hive.evt.broker.message.stored",
        "xhive.from.scout.broker.send", "hive.from.sc\u043eut.broker.send", f"hive.from.{'a' * 32}.broker.send",
    ],
)  # fmt: skip
def test_what_is_not_strictly_a_request_is_refused(subject: str) -> None:
    assert parse_request(subject) is None


def test_a_subject_to_the_service_agent_is_not_taken_for_one_to_an_agent() -> None:
    assert parse_request("hive.from.scout.agent.bob.cancel") == RequestSubject("scout", AGENT_SERVICE, "cancel", "bob")
    parsed = parse_request("hive.from.scout.agent.cancel")
    assert parsed is None or parsed.agent is None


def test_an_agents_name_goes_with_the_harnesss_verbs_only() -> None:
    with pytest.raises(ValueError, match=r"broker\.send"):
        subjects.request("operator", broker.SEND, "scout")
    with pytest.raises(ValueError, match=r"agent\.cancel"):
        subjects.request("operator", CANCEL)


def test_every_verb_has_a_subject_of_its_own() -> None:
    made = [subjects.pattern(v, "scout" if v.service == AGENT_SERVICE else None) for v in VERBS]
    assert len(set(made)) == len(VERBS)


def test_every_event_has_a_subject_of_its_own_in_the_stream() -> None:
    made = [event.subject for event in EVENTS]
    assert len(set(made)) == len(EVENTS)
    assert all(re.fullmatch(r"hive\.evt\.[a-z]+\.[a-z]+\.[a-z]+", subject) for subject in made)


def test_a_reply_from_a_harness_has_a_lane_that_names_the_harness() -> None:
    assert subjects.reply_prefix("operator", "C") == "_INBOX.operator.C."
    assert subjects.reply_prefix("operator", "C", "scout") == "_INBOX.operator.agent.scout.C."
    assert subjects.reply_prefix("operator", "C", "scout").startswith(subjects.inbox_root("operator"))
