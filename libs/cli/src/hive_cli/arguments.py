"""Arguments of commands that the wire's models check: what they refuse is refused here with the same code."""

from typing import Any, TypeVar

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from pydantic import ValidationError

Q = TypeVar("Q", bound=Wire)


def request(model: type[Q], **fields: Any) -> Q:  # Any: each model's own fields
    """Refuses with `bad_request`, naming the first field that is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors()]
        text = f"{problems[0]['field']}: {problems[0]['problem']}"
        raise Refusal(ErrorCode.BAD_REQUEST, text, errors=problems) from error
