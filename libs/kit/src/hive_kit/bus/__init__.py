"""The only place that knows NATS: typed calls, services with enforced identity, one connection for each principal."""

from hive_wire.errors import Refusal

from hive_kit.bus.connection import Bus
from hive_kit.bus.service import Caller, Service

CallError = Refusal

__all__ = ["Bus", "CallError", "Caller", "Service"]
