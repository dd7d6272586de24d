"""The tap's pairing of requests and replies, and what it never shows."""

import json
import time

import pytest
from hive_cli.masking import MASK, masked
from hive_cli.tap import Tap
from hive_kit.bus.connection import DEADLINE_HEADER, ERROR_CODE_HEADER
from hive_wire import lifecycle
from nats.aio.client import Client
from nats.aio.msg import Msg

INBOX = "_INBOX.operator.conn.token"


def message(subject: str, data: object = None, reply: str = "", **headers: str) -> Msg:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Msg(Client(), subject, reply, json.dumps(data or {}).encode(), renamed)


def test_a_request_and_its_reply_are_one_exchange() -> None:
    tap = Tap()
    tap.asked(message("hive.from.operator.broker.send", {"to": "bob", "body": "hi"}, INBOX))
    exchange = tap.answered(message(INBOX, {"id": 7}))
    assert exchange is not None
    assert (exchange.caller, exchange.service, exchange.verb, exchange.outcome) == ("operator", "broker", "send", "ok")
    assert (exchange.request, exchange.reply) == ({"to": "bob", "body": "hi"}, {"id": 7})
    assert tap.answered(message(INBOX, {"id": 7})) is None


def test_a_refusal_shows_its_code() -> None:
    tap = Tap()
    tap.asked(message("hive.from.scout.agent.bob.status", {}, INBOX))
    error = {"code": "forbidden", "message": "no", "details": {}}
    exchange = tap.answered(message(INBOX, error, **{ERROR_CODE_HEADER: "forbidden"}))
    assert exchange is not None
    assert (exchange.agent, exchange.outcome, exchange.reply) == ("bob", "forbidden", error)


def test_nobody_there_is_unavailable() -> None:
    tap = Tap()
    tap.asked(message("hive.from.operator.broker.send", {}, INBOX))
    exchange = tap.answered(message(INBOX, None, Status="503"))
    assert exchange is not None
    assert exchange.outcome == "unavailable"


def test_a_request_whose_deadline_has_passed_is_unanswered_once() -> None:
    tap = Tap()
    tap.asked(message("hive.from.operator.broker.send", {}, INBOX, **{DEADLINE_HEADER: str(time.time() - 60)}))
    tap.asked(message("hive.from.operator.broker.recent", {}, INBOX + "2", **{DEADLINE_HEADER: str(time.time() + 60)}))
    assert [late.verb for late in tap.overdue()] == ["send"]
    assert tap.overdue() == []


def test_what_is_no_request_is_left_out() -> None:
    tap = Tap()
    for subject in ("hive.from.Bob.broker.send", "hive.from.bob.broker", "hive.evt.broker.message.stored"):
        tap.asked(message(subject, {}, INBOX))
    assert tap.answered(message(INBOX, {})) is None


def test_a_secret_is_never_shown() -> None:
    tap = Tap()
    secret = {"name": "anthropic-api-key", "value": "sk-very-secret", "agent": None}
    tap.asked(message("hive.from.operator.lifecycle.set_secret", secret, INBOX))
    exchange = tap.answered(message(INBOX, {}))
    assert exchange is not None
    assert exchange.request == {**secret, "value": MASK}


@pytest.mark.parametrize("payload", [b"sk-very-secret", b'"sk-very-secret"', b'["sk-very-secret"]', b"\xff\xfe"])
def test_a_payload_of_another_shape_is_only_measured(payload: bytes) -> None:
    assert masked(lifecycle.SecretRequest, payload, "validation") == f"{len(payload)} bytes"
    assert masked(None, b"{}", "validation") == "2 bytes"
