"""Credentials for principals: who may be named what, and a `.creds` for one name from a role's signing key.

A name becomes part of subjects and permission templates, so a name outside the rule (`*`, `a.b`) would carry
rights; nothing else in the system mints."""

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hive_kit.files import SECRET, write_atomically
from hive_kit.identity import jwt

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
SERVICES = frozenset({"broker", "approvals", "lifecycle", "dashboard", "revoker"})
RESERVED = SERVICES | {"operator", "manager", "core", "system", "agent", "ttl-watchdog", "harness"}


class BadName(ValueError):
    """The name may not be given to a principal of that role."""


class SigningKey(BaseModel):
    """A role's key as its file holds it: whoever reads the file can make principals of that role, no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str
    account: str
    seed: str

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def store(self, path: Path) -> None:
        write_atomically(path, self.model_dump_json(indent=2) + "\n", SECRET)


def check_name(role: str, name: str) -> None:
    """Raises BadName unless this role may have a principal of that name."""
    if NAME.fullmatch(name) is None:
        raise BadName(f"{name!r} is not a name: a to z, 0 to 9 and '-', a letter first, at most 31")
    allowed = {
        "agent": name not in RESERVED,
        "manager": name == "manager",
        "operator": name == "operator",
        "core": name in SERVICES,
    }
    if not allowed.get(role, False):
        raise BadName(f"{name!r} can't be the name of a principal with role {role}")


def mint(key: SigningKey, name: str, now: int) -> jwt.Creds:
    """New credentials with a new user key; keep its `public_key` to revoke it. Raises BadName."""
    check_name(key.role, name)
    seed = jwt.new_user_seed()
    token = jwt.scoped_user_jwt(
        key.seed, jwt.public_key(seed), name=name, account=key.account, issued_at=now
    )
    return jwt.Creds(jwt=token, seed=seed)


def read_creds(path: Path) -> jwt.Creds:
    """Raises FileNotFoundError or MalformedCreds."""
    return jwt.parse_creds(path.read_text(encoding="utf-8"))
