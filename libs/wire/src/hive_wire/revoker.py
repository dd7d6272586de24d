"""Revocation: the one thing that the revoker does."""

from pydantic import Field

from hive_wire.model import Empty, Wire
from hive_wire.names import Role
from hive_wire.verb import Verb

SERVICE = "revoker"


class RevokeRequest(Wire):
    """A user's public key whose credentials shall end now."""

    public_key: str = Field(pattern=r"^U[A-Z2-7]{55}$")


REVOKE = Verb(
    SERVICE, "revoke", RevokeRequest, Empty, frozenset({Role.CORE}),
    "Sign the account anew without this user; the server closes its connections.",
    seconds=10,
)  # fmt: skip
VERBS = (REVOKE,)
