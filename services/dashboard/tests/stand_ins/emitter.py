"""Events as the kit's relay publishes them."""

import json
from datetime import UTC, datetime
from typing import Any

from hive_kit.bus import Bus
from hive_wire.model import Wire
from hive_wire.verb import Event


def now() -> datetime:
    return datetime.now(UTC)


class Emitter:
    """A service's own numbered events, published as the kit's relay does."""

    def __init__(self, bus: Bus, service: str) -> None:
        self.bus, self.service = bus, service
        self.store = "store1"
        self.n = 0

    async def emit(self, event: Event[Any], payload: Wire, n: int | None = None) -> None:
        self.n += n is None
        headers = {"Nats-Msg-Id": f"{self.service}:{self.store}:{self.n if n is None else n}"}
        reply = await self.bus.nats.request(
            event.subject, payload.model_dump_json().encode(), timeout=5, headers=headers
        )
        assert "error" not in json.loads(reply.data)
