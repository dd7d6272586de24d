"""JSON Schema of everything on the wire: for the snapshot that guards compatibility and for the page's types."""

from typing import Any

from pydantic.json_schema import models_json_schema

from hive_wire.catalog import EVENTS, VERBS
from hive_wire.errors import ErrorBody, ErrorCode
from hive_wire.live import AgentStatus, LiveEvent, LiveKind
from hive_wire.model import Wire
from hive_wire.page import MODELS

Json = dict[str, Any]  # Any: JSON Schema is open-ended


def page_schema() -> Json:
    """One schema with a definition per model that the page gets or sends."""
    models: list[type[Wire]] = [*MODELS, AgentStatus, LiveEvent]
    _, schema = models_json_schema([(model, "serialization") for model in models], title="HiveWire")
    for definition in schema["$defs"].values():
        for field in definition.get("properties", {}).values():
            field.pop("title", None)  # a title or default would become a type of its own in the page's types
            field.pop("default", None)
    schema["$defs"]["LiveKind"] = {"enum": [kind.value for kind in LiveKind], "type": "string", "title": "LiveKind"}
    return schema


def wire_schema() -> Json:
    """Every verb and event with the schemas of what they carry, and the error codes."""
    return {
        "verbs": {
            verb.full_name: {
                "roles": sorted(verb.roles),
                "repeatable": verb.repeatable,
                "request": verb.request.model_json_schema(mode="validation"),
                "reply": verb.reply.model_json_schema(mode="serialization"),
            }
            for verb in VERBS
        },
        "events": {event.full_name: event.payload.model_json_schema(mode="serialization") for event in EVENTS},
        "live": LiveEvent.model_json_schema(mode="serialization"),
        "live_kinds": [kind.value for kind in LiveKind],
        "error": ErrorBody.model_json_schema(mode="serialization"),
        "error_codes": [code.value for code in ErrorCode],
    }
