"""NATS v2 JWTs by hand: the claims of operators, accounts and users, and the text of a `.creds` file.

Decides the encoding only; which keys exist and what a role may do is `keys`, `account` and the wire.
The algorithm is NATS's own `ed25519-nkey`, which general JWT libraries don't know."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import nkeys
from hive_wire.permissions import Permissions

# Claims are JSON objects of NATS's making; only this module and `account` build them.
Claims = Mapping[str, Any]

UNLIMITED = {"subs": -1, "data": -1, "payload": -1}
_CREDS = re.compile(r"-----BEGIN NATS USER JWT-----\s+(\S+)\s+-+END NATS USER JWT-+.*?"
                    r"-----BEGIN USER NKEY SEED-----\s+(\S+)\s+-+END USER NKEY SEED-+", re.DOTALL)  # fmt: skip


class MalformedCreds(ValueError):
    """The text is not a NATS `.creds` file."""


@dataclass(frozen=True)
class Creds:
    """What a principal shows to NATS: its signed claims and the seed that proves they are its own."""

    jwt: str
    seed: str

    @property
    def public_key(self) -> str:
        return str(decode(self.jwt)["sub"])

    @property
    def name(self) -> str:
        return str(decode(self.jwt)["name"])

    @property
    def text(self) -> str:
        return (
            f"-----BEGIN NATS USER JWT-----\n{self.jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{self.seed}\n------END USER NKEY SEED------\n"
        )


def parse_creds(text: str) -> Creds:
    found = _CREDS.search(text)
    if found is None:
        raise MalformedCreds("not a NATS .creds file")
    return Creds(jwt=found[1], seed=found[2])


def new_operator_seed() -> str:
    return _new_seed(nkeys.PREFIX_BYTE_OPERATOR)


def new_account_seed() -> str:
    return _new_seed(nkeys.PREFIX_BYTE_ACCOUNT)


def new_user_seed() -> str:
    return _new_seed(nkeys.PREFIX_BYTE_USER)


def public_key(seed: str) -> str:
    """Raises nkeys.NkeysError (or ValueError) when the text is not a seed."""
    return bytes(_key_pair(seed).public_key).decode()


def operator_jwt(seed: str, *, name: str, system_account: str, signing_keys: Sequence[str], issued_at: int) -> str:
    claims = {"type": "operator", "system_account": system_account, "signing_keys": list(signing_keys)}
    return _encode(seed, public_key(seed), name, claims, issued_at)


def account_jwt(signing_seed: str, account: str, *, name: str, claims: Claims, issued_at: int) -> str:
    limits = {**UNLIMITED, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}
    return _encode(
        signing_seed,
        account,
        name,
        {"type": "account", **claims, "limits": {**limits, **claims.get("limits", {})}},
        issued_at,
    )


def scoped_signing_key(key: str, role: str, permissions: Permissions) -> Claims:
    """An account's signing key whose users get exactly these permissions, whatever their own claims say."""
    allowed = {"pub": {"allow": list(permissions.publish)}, "sub": {"allow": list(permissions.subscribe)}}
    return {"kind": "user_scope", "key": key, "role": role, "template": {**allowed, **UNLIMITED}}


def scoped_user_jwt(signing_seed: str, user: str, *, name: str, account: str, issued_at: int) -> str:
    """A user of a scoped signing key: it may carry no permissions of its own."""
    return _encode(signing_seed, user, name, {"type": "user", "issuer_account": account}, issued_at)


def user_jwt(account_seed: str, user: str, *, name: str, permissions: Permissions, issued_at: int) -> str:
    claims = {
        "type": "user",
        **UNLIMITED,
        "pub": {"allow": list(permissions.publish)},
        "sub": {"allow": list(permissions.subscribe)},
    }
    return _encode(account_seed, user, name, claims, issued_at)


def decode(token: str) -> dict[str, Any]:
    """The claims of a token, unverified: for our own files, never for a stranger's word."""
    try:
        body = token.split(".")[1]
        return cast("dict[str, Any]", json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (IndexError, ValueError) as error:
        raise MalformedCreds("not a JWT") from error


def _encode(signing_seed: str, subject: str, name: str, nats: Claims, issued_at: int) -> str:
    signer = _key_pair(signing_seed)
    claims: dict[str, Any] = {
        "iat": issued_at,
        "iss": bytes(signer.public_key).decode(),
        "sub": subject,
        "name": name,
        "nats": {**nats, "version": 2},
    }
    digest = hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).digest()
    claims["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    header = {"typ": "JWT", "alg": "ed25519-nkey"}
    signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
    signature = signer.sign(signed.encode())  # pyright: ignore[reportUnknownMemberType]  # nkeys has no types
    return f"{signed}.{_base64(signature)}"


def _new_seed(kind: int) -> str:
    seed = nkeys.encode_seed(os.urandom(32), kind)  # pyright: ignore[reportUnknownMemberType]  # nkeys has no types
    return seed.decode()


def _key_pair(seed: str) -> nkeys.KeyPair:
    return nkeys.from_seed(bytearray(seed.encode()))  # pyright: ignore[reportUnknownMemberType]  # nkeys has no types


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
