"""Approvals' doors: decode requests, call the nouns."""

from hive_kit.bus import Bus, Service
from hive_wire import approvals as wire

from hive_approvals.bus.decisions import DecisionsDoor
from hive_approvals.bus.loose_ends import LooseEndsDoor
from hive_approvals.bus.questions import QuestionsDoor
from hive_approvals.bus.repos import ReposDoor

Door = DecisionsDoor | LooseEndsDoor | QuestionsDoor | ReposDoor


def service_of(bus: Bus, version: str, *doors: Door) -> Service:
    """The service to start, every verb with its handler."""
    service = Service(bus, wire.SERVICE, version, "Decisions and configuration repositories")
    for door in doors:
        door.add_verbs(service)
    return service
