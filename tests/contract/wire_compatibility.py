"""Says what a change of the wire would break for a peer of the version before.

Compares two schemas as `hive_wire.schema.wire_schema()` makes them. What is added passes; what an older caller
or listener relies on must stay. Whether a break is meant is for people to decide.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]  # Any: JSON Schema is open-ended

_FLOORS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_CEILINGS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_TIGHTER_WHEN = {**dict.fromkeys(_FLOORS, 1), **dict.fromkeys(_CEILINGS, -1)}


def incompatibilities(old: Json, new: Json) -> list[str]:
    """One sentence for each thing that worked under `old` and would not under `new`."""
    return [
        *_verbs(old["verbs"], new["verbs"]),
        *_events(old["events"], new["events"]),
        *_read("live", _Side(old["live"]), _Side(new["live"])),
        *_read("error", _Side(old["error"]), _Side(new["error"])),
        *_gone("live kind", old["live_kinds"], new["live_kinds"]),
        *_gone("error code", old["error_codes"], new["error_codes"]),
    ]


class _Side:
    """A schema with the definitions that its references point into."""

    def __init__(self, schema: Json, definitions: Json | None = None) -> None:
        self.definitions: Json = schema.get("$defs", {}) if definitions is None else definitions
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rsplit("/", 1)[1]]
        self.schema = schema

    def inner(self, schema: Json) -> "_Side":
        return _Side(schema, self.definitions)

    @property
    def fields(self) -> Json:
        return self.schema.get("properties", {})

    @property
    def required(self) -> set[str]:
        return set(self.schema.get("required", ()))

    def alternatives(self) -> list["_Side"]:
        """The schemas of which a value fits at least one."""
        return [self.inner(one) for one in self.schema.get("anyOf", [self.schema])]

    @property
    def kind(self) -> str:
        if "const" in self.schema:
            return str(self.schema["const"])
        return str(self.schema.get("type", "anything"))


def _gone(what: str, old: list[str], new: list[str]) -> Iterator[str]:
    for value in old:
        if value not in new:
            yield f"{what} {value} is gone"


def _verbs(old: Json, new: Json) -> Iterator[str]:
    yield from _gone("verb", list(old), list(new))
    for name in old.keys() & new.keys():
        before, after = old[name], new[name]
        for role in before["roles"]:
            if role not in after["roles"]:
                yield f"{name}: no longer for {role}s"
        if before["repeatable"] and not after["repeatable"]:
            yield f"{name}: no longer safe to repeat"
        yield from _sent(f"{name} request", _Side(before["request"]), _Side(after["request"]))
        yield from _read(f"{name} reply", _Side(before["reply"]), _Side(after["reply"]))


def _events(old: Json, new: Json) -> Iterator[str]:
    yield from _gone("event", list(old), list(new))
    for name in old.keys() & new.keys():
        yield from _read(f"event {name}", _Side(old[name]), _Side(new[name]))


def _sent(where: str, old: _Side, new: _Side) -> Iterator[str]:
    """What an older peer may send must still be taken."""
    yield from _gone(f"{where}: field", list(old.fields), list(new.fields))
    for name in sorted(new.required - old.required):
        yield f"{where}: field {name} is now required"
    for name in old.fields.keys() & new.fields.keys():
        yield from _sent_value(f"{where}.{name}", old.inner(old.fields[name]), new.inner(new.fields[name]))


def _sent_value(where: str, old: _Side, new: _Side) -> Iterator[str]:
    targets = {side.kind: side for side in new.alternatives()}
    for source in old.alternatives():
        target = targets.get(source.kind) or targets.get("anything")
        if target is None and source.kind == "integer":
            target = targets.get("number")
        if target is None:
            yield f"{where}: {source.kind} is no longer taken"
            continue
        yield from _tightened(where, source.schema, target.schema)
        yield from _gone(f"{where}: value", source.schema.get("enum", []), target.schema.get("enum", _ALL))
        yield from _sent(where, source, target)
        if "items" in source.schema and "items" in target.schema:
            items = source.inner(source.schema["items"]), target.inner(target.schema["items"])
            yield from _sent_value(f"{where}[]", *items)


def _tightened(where: str, old: Json, new: Json) -> Iterator[str]:
    for bound, direction in _TIGHTER_WHEN.items():
        if bound in new and (bound not in old or (new[bound] - old[bound]) * direction > 0):
            yield f"{where}: {bound} is now {new[bound]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: the pattern is now {new['pattern']}"
    if "enum" in new and "enum" not in old:
        yield f"{where}: only {', '.join(map(str, new['enum']))} are taken now"


def _read(where: str, old: _Side, new: _Side) -> Iterator[str]:
    """What an older peer reads must still be there, in a form that it can read."""
    yield from _gone(f"{where}: field", list(old.fields), list(new.fields))
    for name in sorted(old.required - new.required):
        if name in new.fields:
            yield f"{where}: field {name} may be missing now"
    for name in old.fields.keys() & new.fields.keys():
        yield from _read_value(f"{where}.{name}", old.inner(old.fields[name]), new.inner(new.fields[name]))


def _read_value(where: str, old: _Side, new: _Side) -> Iterator[str]:
    known = {side.kind: side for side in old.alternatives()}
    for made in new.alternatives():
        reader = known.get(made.kind) or known.get("anything")
        if reader is None and made.kind == "integer":
            reader = known.get("number")
        if reader is None:
            yield f"{where}: may be {made.kind} now"
            continue
        yield from _read(where, reader, made)
        yield from _gone(f"{where}: value", reader.schema.get("enum", []), made.schema.get("enum", _ALL))
        if "items" in reader.schema and "items" in made.schema:
            items = reader.inner(reader.schema["items"]), made.inner(made.schema["items"])
            yield from _read_value(f"{where}[]", *items)


class _All(list[str]):
    """A list that holds every value: of a schema that no longer limits them."""

    def __contains__(self, _value: object) -> bool:
        return True


_ALL = _All()
