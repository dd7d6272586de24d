"""Who is who on NATS: keys, the account and its revocations, credentials per principal, the server's trust.

What each role may publish and hear comes from the wire; who asks for credentials is lifecycle and set-up."""

from hive_kit.identity.account import AccountFile, AccountState
from hive_kit.identity.jwt import Creds, MalformedCreds, parse_creds
from hive_kit.identity.principals import SigningKey, check_name, mint, read_creds
from hive_kit.identity.server import ServerConfig, render_context

__all__ = [
    "AccountFile",
    "AccountState",
    "Creds",
    "MalformedCreds",
    "ServerConfig",
    "SigningKey",
    "check_name",
    "mint",
    "parse_creds",
    "read_creds",
    "render_context",
]
