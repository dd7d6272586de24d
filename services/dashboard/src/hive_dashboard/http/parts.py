"""What the HTTP doors work with, and how they ask for it."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Wire
from hive_wire.names import is_name
from starlette.responses import Response

from hive_dashboard.http.static import Files
from hive_dashboard.login import BadCodes
from hive_dashboard.projection import Projection
from hive_dashboard.settings import DashboardSettings
from hive_dashboard.stream import Pages


@dataclass(frozen=True)
class Parts:
    """Everything that was opened at the start. `bus` is the dashboard's own connection, `operator` the operator's."""

    settings: DashboardSettings
    database: Database
    bus: Bus
    operator: Bus
    projection: Projection
    pages: Pages
    files: Files = field(default_factory=Files)
    bad_codes: BadCodes = field(default_factory=BadCodes)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _agent(name: Annotated[str, Path(max_length=200)]) -> str:
    if not is_name(name):
        raise Refusal(ErrorCode.UNKNOWN_AGENT, f"There is no agent called {name!r}.")
    return name


UsedParts = Annotated[Parts, Depends(_parts)]
AgentPath = Annotated[str, Depends(_agent)]
"""An agent's name in the path, safe to put into a subject; whether there is one is its service's to say."""

Id = Annotated[int, Path(ge=1, lt=2**63)]
"""A row's number in the path."""
Before = Annotated[int | None, Query(ge=1, lt=2**63)]
"""Only rows with a smaller number, for the next page."""


def reply(value: Wire) -> Response:
    """A value as it is on the wire."""
    return Response(value.model_dump_json(), headers={"cache-control": "no-store"}, media_type="application/json")
