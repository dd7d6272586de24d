"""The base of everything on the wire: frozen, JSON, unknown fields ignored so that versions can differ."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer


class Wire(BaseModel):
    """A value on the wire. Frozen; unknown fields are ignored; docstrings become descriptions."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


def iso(at: datetime) -> str:
    """`at` as ISO 8601 in UTC with microseconds and `Z`."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[AwareDatetime, PlainSerializer(iso, return_type=str, when_used="json")]
"""A moment in UTC, ISO 8601 with microseconds on the wire."""

Secret = Annotated[str, Field(min_length=1, max_length=16_384, json_schema_extra={"secret": True})]
"""A value that no log, tap or page may show."""


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""The id of a stored row."""


class Empty(Wire):
    """Nothing to say."""


class AgentName(Wire):
    """One agent."""

    name: str = Field(max_length=64)
