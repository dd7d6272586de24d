"""The swarm's keys and credentials: made where missing, never changed where present.

Credentials that no key of ours signed (restored from elsewhere, or their key was lost) are made anew."""

from collections.abc import Callable
from pathlib import Path

from hive_kit.files import write_atomically
from hive_kit.identity import AccountFile, AccountState, MalformedCreds, SigningKey, jwt, mint, read_creds
from hive_kit.swarm import SwarmConfig
from hive_wire.names import OPERATOR, SERVICES
from hive_wire.permissions import Permissions, SigningRole
from pydantic import BaseModel, ConfigDict

SYSTEM_CREDS = "system"
# The server keeps the JWT with the newest time; raise this when the claims of operator or system account change.
FIXED_ISSUED_AT = 1_790_000_000
SYSTEM_USER = Permissions(publish=("$SYS.REQ.CLAIMS.UPDATE",), subscribe=("_INBOX.>",))


class Trust(BaseModel):
    """What the NATS server is told to believe."""

    model_config = ConfigDict(frozen=True)

    operator_jwt: str
    system_account: str
    system_jwt: str
    account: AccountState


def ensure(swarm: SwarmConfig, now: int) -> Trust:
    """All keys, the account's state and the credentials of the operator and of every service."""
    operator = _seed(swarm.operator_seed, jwt.new_operator_seed)
    operator_signing = _seed(swarm.operator_signing_seed, jwt.new_operator_seed)
    account = jwt.public_key(_seed(swarm.account_seed, jwt.new_account_seed))
    system = _seed(swarm.system_account_seed, jwt.new_account_seed)
    keys = {role: _signing_key(swarm.signing_key(role), role, account) for role in SigningRole}
    public = {role: jwt.public_key(key.seed) for role, key in keys.items()}
    state = AccountFile(swarm.account_state).ensure(account, public, operator_signing, now)
    _creds(swarm, OPERATOR, keys[SigningRole.OPERATOR], now)
    for service in SERVICES:
        _creds(swarm, service, keys[SigningRole.SERVICE], now)
    _system_creds(swarm, system, now)
    _forget_foreign_accounts(swarm.account_jwts, jwt.public_key(operator_signing))
    return Trust(
        operator_jwt=_operator_jwt(operator, operator_signing, jwt.public_key(system)),
        system_account=jwt.public_key(system),
        system_jwt=_system_jwt(operator_signing, jwt.public_key(system)),
        account=state,
    )


def _seed(path: Path, make: Callable[[], str]) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        seed = make()
        write_atomically(path, seed + "\n")
        return seed


def _signing_key(path: Path, role: SigningRole, account: str) -> SigningKey:
    """A role's key; kept when its account was lost and made anew, for it is the same trust."""
    try:
        stored = SigningKey.load(path)
    except FileNotFoundError:
        stored = SigningKey(role=role, account="", seed=jwt.new_account_seed())
    key = stored.model_copy(update={"account": account})
    if key != stored:
        key.store(path)
    return key


def _creds(swarm: SwarmConfig, principal: str, key: SigningKey, now: int) -> None:
    path = swarm.creds(principal)
    if _issued_by(path) != (jwt.public_key(key.seed), key.account):
        write_atomically(path, mint(key, principal, now).text)


def _system_creds(swarm: SwarmConfig, system_seed: str, now: int) -> None:
    path = swarm.creds(SYSTEM_CREDS)
    if _issued_by(path) == (jwt.public_key(system_seed), None):
        return
    seed = jwt.new_user_seed()
    token = jwt.user_jwt(system_seed, jwt.public_key(seed), name="revoker", permissions=SYSTEM_USER, issued_at=now)
    write_atomically(path, jwt.Creds(jwt=token, seed=seed).text)


def _issued_by(path: Path) -> tuple[str, str | None] | None:
    """The key and account that signed the credentials there; None where there are none to use."""
    try:
        claims = jwt.decode(read_creds(path).jwt)
    except (FileNotFoundError, MalformedCreds):
        return None
    return claims["iss"], claims["nats"].get("issuer_account")


def _forget_foreign_accounts(folder: Path, signer: str) -> None:
    """A server keeps what it stored over what it is told when that is not newer, even from a lost operator."""
    for stored in folder.glob("*.jwt"):
        if jwt.decode(stored.read_text(encoding="utf-8")).get("iss") != signer:
            stored.unlink()


def _operator_jwt(seed: str, signing_seed: str, system_account: str) -> str:
    return jwt.operator_jwt(
        seed,
        name="hive",
        system_account=system_account,
        signing_keys=[jwt.public_key(signing_seed)],
        issued_at=FIXED_ISSUED_AT,
    )


def _system_jwt(operator_signing_seed: str, account: str) -> str:
    return jwt.account_jwt(operator_signing_seed, account, name="SYS", claims={}, issued_at=FIXED_ISSUED_AT)
