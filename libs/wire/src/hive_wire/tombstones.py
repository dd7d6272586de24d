"""What is kept of destroyed agents: what lifecycle answers and tells."""

from hive_wire.model import AgentName, Empty, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.verb import Event, Verb

SERVICE = "lifecycle"
OPERATOR = frozenset({Role.OPERATOR})
OBSERVERS = frozenset({Role.OPERATOR, Role.MANAGER, Role.CORE})


class Tombstone(Wire):
    """State and configuration of an agent that was destroyed."""

    name: str
    destroyed_at: Timestamp
    changed_at: Timestamp
    """When anything in it last changed."""
    size_bytes: int
    login_kept: bool
    """Whether its Claude login is among it."""


class TombstoneList(Wire):
    """Tombstones by name."""

    tombstones: list[Tombstone]


TOMBSTONES = Verb(
    SERVICE, "tombstones", Empty, TombstoneList, OBSERVERS, "What is kept of destroyed agents.", seconds=15
)
PURGE_TOMBSTONE = Verb(
    SERVICE, "purge_tombstone", AgentName, Empty, OPERATOR,
    "Remove what is kept of a destroyed agent: state, login, history and repositories.", seconds=30,
)  # fmt: skip
TOMBSTONE_MADE = Event(SERVICE, "tombstone", "made", Tombstone, "An agent was destroyed and its things are kept.")
TOMBSTONE_REMOVED = Event(SERVICE, "tombstone", "removed", AgentName, "Nothing is kept of it any more, or it lives.")
VERBS = (TOMBSTONES, PURGE_TOMBSTONE)
EVENTS = (TOMBSTONE_MADE, TOMBSTONE_REMOVED)
