"""Payloads without their secrets: whatever the wire's models mark as secret is masked before anything is shown."""

import json
from functools import cache
from typing import Any, Literal, cast

from hive_wire.model import Wire

MASK = "•••"
Json = Any  # Any: JSON of every shape
Schema = dict[str, Any]  # Any: JSON Schema is open-ended


def masked(model: type[Wire] | None, payload: bytes, mode: Literal["validation", "serialization"]) -> Json:
    """The payload as JSON; only its size when it is not JSON or of a kind that is not known."""
    try:
        value = json.loads(payload)
    except ValueError:
        value = None
    if model is None or not isinstance(value, dict):
        return f"{len(payload)} bytes"
    schema = _schema(model, mode)
    return _mask(cast("dict[str, Json]", value), schema, schema)


@cache
def _schema(model: type[Wire], mode: Literal["validation", "serialization"]) -> Schema:
    return model.model_json_schema(mode=mode)


def _mask(value: Json, schema: Schema, root: Schema) -> Json:
    if schema.get("secret"):
        return MASK
    for part in ("anyOf", "oneOf", "allOf"):
        for choice in schema.get(part, ()):
            value = _mask(value, choice, root)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _mask(value, root["$defs"][name], root)
    if isinstance(value, dict):
        fields = cast("dict[str, Json]", value)
        properties = schema.get("properties", {})
        return {name: _mask(field, properties.get(name, {}), root) for name, field in fields.items()}
    if isinstance(value, list):
        return [_mask(item, schema.get("items", {}), root) for item in cast("list[Json]", value)]
    return value  # pyright: ignore[reportUnknownVariableType]  # a bare JSON value, neither dict nor list
