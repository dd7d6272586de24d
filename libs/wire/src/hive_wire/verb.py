"""The declaration of a request: one `Verb` holds everything that is derived elsewhere."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from hive_wire.model import Wire
from hive_wire.names import Role

Q = TypeVar("Q", bound=Wire)
R = TypeVar("R", bound=Wire)

AGENT_SERVICE = "agent"
"""The service name under which every harness answers; the subject then also carries the agent's name."""


@dataclass(frozen=True)
class Verb(Generic[Q, R]):
    """A request that `service` answers. `repeatable`: calling twice has the effect of calling once.

    `seconds` is how long a caller waits for the answer unless it says otherwise.
    """

    service: str
    name: str
    request: type[Q]
    reply: type[R]
    roles: frozenset[Role]
    doc: str
    repeatable: bool = True
    seconds: float = 5.0

    @property
    def full_name(self) -> str:
        """`service.verb`, as documentation and logs say it."""
        return f"{self.service}.{self.name}"


@dataclass(frozen=True)
class Event(Generic[Q]):
    """A domain event of `service`: a noun and a past participle, captured by the stream `HIVE`."""

    service: str
    noun: str
    participle: str
    payload: type[Q]
    doc: str

    @property
    def subject(self) -> str:
        """Where it is published."""
        return f"hive.evt.{self.service}.{self.noun}.{self.participle}"

    @property
    def full_name(self) -> str:
        """`service.noun.participle`."""
        return f"{self.service}.{self.noun}.{self.participle}"
