"""What counts as a break of the wire, and that today's wire breaks nothing that was committed."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hive_wire.schema import wire_schema

from tests.contract.wire_compatibility import Json, incompatibilities

SNAPSHOT = Path(__file__).parents[2] / "libs" / "wire" / "tests" / "wire.schema.json"
NOW = wire_schema()

Edit = Callable[[Json], Any]  # Any: whatever the edit's last expression gives


def _send(schema: Json) -> Json:
    return schema["verbs"]["broker.send"]


def _add_optional_field(schema: Json) -> None:
    _send(schema)["request"]["properties"]["priority"] = {"type": "integer", "default": 0}


BREAKS: dict[str, tuple[Edit, str]] = {
    "a verb is removed": (lambda s: s["verbs"].pop("broker.send"), "verb broker.send is gone"),
    "an event is removed": (lambda s: s["events"].pop("broker.message.stored"), "event broker.message.stored is gone"),
    "a role is taken away": (lambda s: _send(s)["roles"].remove("agent"), "broker.send: no longer for agents"),
    "a repeatable verb stops being so": (
        lambda s: _send(s).update(repeatable=False),
        "broker.send: no longer safe to repeat",
    ),
    "a request's field is removed": (
        lambda s: _send(s)["request"]["properties"].pop("in_reply_to"),
        "broker.send request: field in_reply_to is gone",
    ),
    "a request's field becomes required": (
        lambda s: _send(s)["request"]["required"].append("in_reply_to"),
        "broker.send request: field in_reply_to is now required",
    ),
    "a request's type narrows": (
        lambda s: _send(s)["request"]["properties"].update(in_reply_to={"type": "integer", "minimum": 1}),
        "broker.send request.in_reply_to: null is no longer taken",
    ),
    "a request's type changes": (
        lambda s: _send(s)["request"]["properties"]["body"].update(type="object"),
        "broker.send request.body: string is no longer taken",
    ),
    "a ceiling comes down": (
        lambda s: _send(s)["request"]["properties"]["to"].update(maxLength=10),
        "broker.send request.to: maxLength is now 10",
    ),
    "a floor comes up": (
        lambda s: _send(s)["request"]["properties"]["key"].update(minLength=5),
        "broker.send request.key: minLength is now 5",
    ),
    "a pattern appears": (
        lambda s: _send(s)["request"]["properties"]["key"].update(pattern="^x$"),
        "broker.send request.key: the pattern is now ^x$",
    ),
    "a value of a request's enumeration is removed": (
        lambda s: s["verbs"]["broker.nack"]["request"]["$defs"]["Cause"]["enum"].remove("limit"),
        "broker.nack request.cause: value limit is gone",
    ),
    "items of a request's list change": (
        lambda s: s["verbs"]["broker.nack"]["request"]["properties"]["ids"]["items"].update(type="string"),
        "broker.nack request.ids[]: integer is no longer taken",
    ),
    "a reply's field is removed": (
        lambda s: _send(s)["reply"]["properties"].pop("stored_at"),
        "broker.send reply: field stored_at is gone",
    ),
    "a reply's field may be missing": (
        lambda s: _send(s)["reply"]["required"].remove("id"),
        "broker.send reply: field id may be missing now",
    ),
    "a reply's field may be null": (
        lambda s: _send(s)["reply"]["properties"].update(id={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        "broker.send reply.id: may be null now",
    ),
    "a field deep in an event is removed": (
        lambda s: s["events"]["broker.message.stored"]["$defs"]["InboxCounts"]["properties"].pop("dead"),
        "event broker.message.stored.counts: field dead is gone",
    ),
    "a field in a reply's list is removed": (
        lambda s: s["verbs"]["broker.recv"]["reply"]["$defs"]["Delivery"]["properties"].pop("sender"),
        "broker.recv reply.messages[]: field sender is gone",
    ),
    "an error code is removed": (lambda s: s["error_codes"].remove("busy"), "error code busy is gone"),
    "a live kind is removed": (lambda s: s["live_kinds"].remove("text"), "live kind text is gone"),
    "the live event loses a field": (lambda s: s["live"]["properties"].pop("epoch"), "live: field epoch is gone"),
}

ADDITIONS: dict[str, Edit] = {
    "nothing": lambda s: None,
    "a verb": lambda s: s["verbs"].update({"broker.peek": copy.deepcopy(_send(s))}),
    "an event": lambda s: s["events"].update({"broker.message.read": s["events"]["broker.message.stored"]}),
    "an optional request field": _add_optional_field,
    "a reply field": lambda s: _send(s)["reply"]["properties"].update(waits={"type": "integer"}),
    "a role": lambda s: _send(s)["roles"].append("core"),
    "a higher ceiling": lambda s: _send(s)["request"]["properties"]["to"].update(maxLength=100),
    "no ceiling": lambda s: _send(s)["request"]["properties"]["to"].pop("maxLength"),
    "a wider request type": lambda s: _send(s)["request"]["properties"].update(
        key={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a required field that becomes optional": lambda s: _send(s)["request"]["required"].remove("key"),
    "a request's enumeration value": lambda s: s["verbs"]["broker.nack"]["request"]["$defs"]["Cause"]["enum"].append(
        "bored"
    ),
    "an error code": lambda s: s["error_codes"].append("bored"),
    "other words": lambda s: _send(s)["request"]["properties"]["to"].update(description="Whom to tell."),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_reported(name: str) -> None:
    edit, report = BREAKS[name]
    new = copy.deepcopy(NOW)
    edit(new)
    assert report in incompatibilities(NOW, new)


@pytest.mark.parametrize("name", ADDITIONS)
def test_an_addition_passes(name: str) -> None:
    new = copy.deepcopy(NOW)
    ADDITIONS[name](new)
    assert incompatibilities(NOW, new) == []


def test_the_wire_breaks_nothing_of_the_committed_snapshot() -> None:
    assert incompatibilities(json.loads(SNAPSHOT.read_text(encoding="utf-8")), NOW) == []
