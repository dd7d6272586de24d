"""What NATS lets each kind of principal publish and subscribe, derived from the verbs' roles.

The templates go into the account's scoped signing keys; the server fills in `{{name()}}` with the name
that a user's credentials were minted for. No role may respond by `allow_responses`, and agents have no
JetStream: with either, a message can be made to arrive under another principal's subject.
"""

from dataclasses import dataclass
from enum import StrEnum

from hive_wire.catalog import VERBS
from hive_wire.names import Role
from hive_wire.subjects import STREAM
from hive_wire.verb import AGENT_SERVICE

ME = "{{name()}}"


class SigningRole(StrEnum):
    """The signing keys of the account: one for each template."""

    OPERATOR = "operator"
    MANAGER = "manager"
    AGENT = "agent"
    SERVICE = "service"


@dataclass(frozen=True)
class Permissions:
    """Allow lists; what is not listed is denied."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


_READ_STREAM = (
    "$JS.API.INFO",
    f"$JS.API.STREAM.INFO.{STREAM}",
    f"$JS.API.CONSUMER.CREATE.{STREAM}",
    f"$JS.API.CONSUMER.CREATE.{STREAM}.>",
    f"$JS.API.CONSUMER.INFO.{STREAM}.*",
    f"$JS.API.CONSUMER.DELETE.{STREAM}.*",
    f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.*",
)


def permissions_for(role: SigningRole) -> Permissions:
    """The template of a signing key."""
    if role is SigningRole.OPERATOR:
        return Permissions(
            publish=(
                "hive.from.operator.>",
                "$SRV.>",
                "$JS.API.STREAM.NAMES",
                "$JS.API.STREAM.LIST",
                f"$JS.API.STREAM.MSG.GET.{STREAM}",
                f"$JS.API.CONSUMER.LIST.{STREAM}",
                f"$JS.API.CONSUMER.NAMES.{STREAM}",
                *_READ_STREAM,
            ),
            subscribe=("hive.>", "_INBOX.>", "$SRV.>"),
        )
    if role is SigningRole.SERVICE:
        return Permissions(
            publish=(
                f"hive.from.{ME}.>",
                f"hive.evt.{ME}.>",
                "_INBOX.>",
                f"$JS.API.STREAM.CREATE.{STREAM}",
                f"$JS.API.STREAM.UPDATE.{STREAM}",
                *_READ_STREAM,
            ),
            subscribe=(f"_INBOX.{ME}.>", f"hive.from.*.{ME}.*", "hive.evt.>", "hive.live.>", "$SRV.>"),
        )
    return _harness_permissions(Role(role.value))


def _harness_permissions(role: Role) -> Permissions:
    own_verbs = (v for v in VERBS if role in v.roles and v.service != AGENT_SERVICE)
    return Permissions(
        publish=(
            *(f"hive.from.{ME}.{v.service}.{v.name}" for v in own_verbs),
            f"hive.live.{ME}.*",
            f"_INBOX.*.agent.{ME}.>",
        ),
        subscribe=(f"_INBOX.{ME}.>", f"hive.from.*.agent.{ME}.*"),
    )
