"""Credentials for principals: who may be named what, and a `.creds` for one name from a role's signing key.

A name becomes part of subjects and permission templates, so a name outside the rule (`*`, `a.b`) would carry
rights; nothing else in the system mints."""

from pathlib import Path

from hive_wire.errors import ErrorCode, Refusal
from hive_wire.names import MANAGER, OPERATOR, SERVICES, is_free_for_agents, is_name
from hive_wire.permissions import SigningRole
from pydantic import BaseModel, ConfigDict

from hive_kit.files import SECRET, write_atomically
from hive_kit.identity import jwt


class SigningKey(BaseModel):
    """A role's key as its file holds it: whoever reads the file can make principals of that role, no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: SigningRole
    account: str
    seed: str

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def store(self, path: Path) -> None:
        write_atomically(path, self.model_dump_json(indent=2) + "\n", SECRET)


def check_name(role: SigningRole, name: str) -> None:
    """Refuses with `bad_name` or `reserved_name` unless this role may have a principal of that name."""
    if not is_name(name):
        raise Refusal(
            ErrorCode.BAD_NAME,
            f"{name!r} is not a name: a letter first, then a to z, 0 to 9 and '-', 31 at most",
            name=name,
        )
    allowed = {
        SigningRole.AGENT: is_free_for_agents(name),
        SigningRole.MANAGER: name == MANAGER,
        SigningRole.OPERATOR: name == OPERATOR,
        SigningRole.SERVICE: name in SERVICES,
    }
    if not allowed[role]:
        raise Refusal(ErrorCode.RESERVED_NAME, f"{name!r} can't be the name of a principal with role {role}", name=name)


def mint(key: SigningKey, name: str, now: int) -> jwt.Creds:
    """New credentials around a new user key; keep its `public_key` to revoke it. Refuses as `check_name` does.

    `now` is in seconds since 1970."""
    check_name(key.role, name)
    seed = jwt.new_user_seed()
    token = jwt.scoped_user_jwt(key.seed, jwt.public_key(seed), name=name, account=key.account, issued_at=now)
    return jwt.Creds(jwt=token, seed=seed)


def read_creds(path: Path) -> jwt.Creds:
    """Raises FileNotFoundError or MalformedCreds."""
    return jwt.parse_creds(path.read_bytes().decode("utf-8", "replace"))
