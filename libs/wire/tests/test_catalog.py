"""Every declaration is complete, and what it carries survives the wire."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hive_wire import catalog
from hive_wire.catalog import EVENTS, VERBS
from hive_wire.errors import ErrorBody, ErrorCode, Refusal
from hive_wire.model import Empty, Wire
from hive_wire.names import SERVICES
from hive_wire.schema import Json, wire_schema
from hive_wire.verb import AGENT_SERVICE, Event, Verb
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

SNAPSHOT = Path(__file__).with_name("wire.schema.json")
MIN_TIME, MAX_TIME = datetime(1970, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001  # hypothesis adds the zone
MODELS = sorted(
    {m for v in VERBS for m in (v.request, v.reply)} | {e.payload for e in EVENTS}, key=lambda m: m.__qualname__
)


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.full_name)
def test_a_verb_says_what_it_does_and_who_may_call_it(verb: Verb[Wire, Wire]) -> None:
    assert verb.doc.endswith(".")
    assert verb.roles
    assert verb.service in (*SERVICES, AGENT_SERVICE)
    assert verb.name.replace("_", "").isalpha()
    assert verb.name == verb.name.lower()
    assert verb.seconds > 0
    assert catalog.verb(verb.service, verb.name) is verb


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.full_name)
def test_an_event_says_what_happened(event: Event[Wire]) -> None:
    assert event.doc.endswith(".")
    assert event.service in SERVICES
    assert catalog.event(event.subject) is event


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_model_is_documented(model: type[Wire]) -> None:
    assert (model.__doc__ or "").strip()


def test_nothing_is_found_that_was_not_declared() -> None:
    assert catalog.verb("broker", "nonsense") is None
    assert catalog.event("hive.evt.broker.message.nonsense") is None


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_verb_or_event_carries_survives_the_wire(model: type[Wire], data: st.DataObject) -> None:
    schema = model.model_json_schema(mode="validation")
    drawn = data.draw(_fitting(schema, schema.get("$defs", {})))
    try:
        value = model.model_validate(drawn)
    except ValidationError:
        reject()  # a rule over several fields, which no schema says; hypothesis fails when nothing else is drawn
    assert model.model_validate_json(value.model_dump_json()) == value


def _fitting(schema: Json, definitions: Json) -> st.SearchStrategy[Any]:
    """Values that fit a model's JSON schema, as far as our models use it."""
    if "$ref" in schema:
        return _fitting(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return st.one_of([_fitting(one, definitions) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            required = set(schema.get("required", ()))
            made = {name: _fitting(field, definitions) for name, field in fields.items()}
            return st.fixed_dictionaries(
                {name: made[name] for name in made if name in required},
                optional={name: made[name] for name in made if name not in required},
            )
        case "array":
            return st.lists(_fitting(schema["items"], definitions), min_size=schema.get("minItems", 0), max_size=3)
        case "string" if schema.get("format") == "date-time":
            return st.datetimes(MIN_TIME, MAX_TIME, timezones=st.just(UTC))
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"].replace("$", r"\Z"))
        case "string":
            return st.text(st.characters(codec="utf-8"), min_size=schema.get("minLength", 0), max_size=40)
        case "integer":
            return st.integers(low, high)
        case "number":
            above = schema.get("exclusiveMinimum")
            least, open_end = (low, False) if above is None else (above, True)
            return st.floats(least, high, exclude_min=open_end, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case _:
            return st.none()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_a_newer_peers_fields_are_ignored(model: type[Wire]) -> None:
    assert model.model_config.get("extra") == "ignore"
    assert model.model_config.get("frozen") is True


def test_a_refusal_is_the_same_after_the_wire() -> None:
    refusal = Refusal(ErrorCode.SLOW_DOWN, "slowly", retry_after_seconds=1.5)
    assert ErrorBody.model_validate_json(refusal.body().model_dump_json()) == refusal.body()


def test_nothing_to_say_is_an_empty_object() -> None:
    assert Empty().model_dump_json() == "{}"
    assert Empty.model_validate_json('{"from_a_newer_peer": 1}') == Empty()


@pytest.mark.spec("OPS-3", door="wire")
def test_the_committed_schema_is_todays() -> None:
    committed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(wire_schema())), "run ./run gen"
