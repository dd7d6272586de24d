"""Lifecycle's doors: decode requests, call the nouns, encode what they say."""

from typing import Protocol

from hive_kit.bus import Bus, Service
from hive_kit.version import VERSION
from hive_wire.lifecycle import SERVICE


class Door(Protocol):
    """Some of lifecycle's verbs."""

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        ...


def service_of(bus: Bus, *doors: Door) -> Service:
    """The service to start, every verb with its handler."""
    service = Service(bus, SERVICE, VERSION, "Agents and what runs them")
    for door in doors:
        door.add_verbs(service)
    return service
