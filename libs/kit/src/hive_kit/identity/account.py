"""The swarm's one NATS account as stored state: its role keys and the users it no longer trusts.

Decides what the account's JWT says and that every JWT is newer than the one before (NATS keeps the newest by
`iat`, in seconds). Pushing it to a server is the caller's matter."""

from collections.abc import Mapping
from pathlib import Path

from hive_wire.permissions import SigningRole, permissions_for
from pydantic import BaseModel, ConfigDict

from hive_kit.files import forget_unfinished, locked, write_atomically
from hive_kit.identity import jwt

ACCOUNT_NAME = "HIVE"


class AccountState(BaseModel):
    """What the account's JWT is made from, and the last one made (`token`, empty before the first)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    signing_keys: Mapping[SigningRole, str]
    revocations: Mapping[str, int] = {}
    issued_at: int = 0
    token: str = ""

    def claims(self) -> jwt.Claims:
        scopes = [
            jwt.scoped_signing_key(key, role, permissions_for(role)) for role, key in sorted(self.signing_keys.items())
        ]
        unlimited = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
        return {"signing_keys": scopes, "revocations": dict(self.revocations), "limits": unlimited}

    def signed(self, operator_signing_seed: str, now: int) -> "AccountState":
        """The same state with a JWT that says it; unchanged when the last one already does."""
        candidate = self._encode(operator_signing_seed, self.issued_at)
        if candidate == self.token:
            return self
        issued_at = max(now, self.issued_at + 1)
        return self.model_copy(update={"issued_at": issued_at, "token": self._encode(operator_signing_seed, issued_at)})

    def _encode(self, seed: str, issued_at: int) -> str:
        return jwt.account_jwt(seed, self.account, name=ACCOUNT_NAME, claims=self.claims(), issued_at=issued_at)


class AccountFile:
    """The stored state. Several processes may change it (set-up, revoker); each change holds a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> AccountState | None:
        try:
            return AccountState.model_validate_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def ensure(
        self, account: str, signing_keys: Mapping[SigningRole, str], operator_signing_seed: str, now: int
    ) -> AccountState:
        """The state for these keys, revocations kept, signed anew when keys or permissions changed."""
        with locked(self._path.with_suffix(".lock")):
            forget_unfinished(self._path.parent, self._path.name)
            stored = self.read()
            kept = stored.model_dump() if stored is not None and stored.account == account else {}
            state = AccountState.model_validate({**kept, "account": account, "signing_keys": dict(signing_keys)})
            return self._store(state.signed(operator_signing_seed, now), stored)

    def revoke(self, user_public_key: str, operator_signing_seed: str, now: int) -> AccountState:
        """Stored before it returns; push the returned `token` to the server. Repeating it changes nothing.

        Every JWT of that user key made until now is refused by NATS from then on."""
        with locked(self._path.with_suffix(".lock")):
            stored = self.read()
            if stored is None:
                raise FileNotFoundError(self._path)
            if user_public_key in stored.revocations:
                return stored
            revocations = {**stored.revocations, user_public_key: now}
            state = stored.model_copy(update={"revocations": revocations})
            return self._store(state.signed(operator_signing_seed, now), stored)

    def _store(self, state: AccountState, stored: AccountState | None) -> AccountState:
        if state != stored:
            write_atomically(self._path, state.model_dump_json(indent=2) + "\n")
        return state
