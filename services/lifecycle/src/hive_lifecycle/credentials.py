"""Each agent's NATS credentials: minted at its spawn, noted by their public key before anybody gets them, and
revoked through the revoker at its end.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import nkeys
from hive_kit.bus import Bus
from hive_kit.database import Database
from hive_kit.files import write_atomically
from hive_kit.identity import Creds, MalformedCreds, SigningKey, jwt, mint, read_creds
from hive_wire.names import MANAGER
from hive_wire.revoker import REVOKE, RevokeRequest
from sqlalchemy import Connection

from hive_lifecycle import clock


@dataclass(frozen=True)
class Credentials:
    """The keys of lifecycle, which make agents and the manager and nobody else."""

    agent_key: SigningKey
    manager_key: SigningKey

    async def ensure(self, database: Database, name: str, path: Path, group: int | None) -> None:
        """Valid credentials of `name` in the file `path`, readable by `group`; good ones stay as they are.

        The key is stored before the file is written, so that no credentials are ever out that can't be revoked.
        """
        key = self.manager_key if name == MANAGER else self.agent_key
        if not await self._are_good(database, name, path, key):
            creds = mint(key, name, int(time.time()))
            await database.write(lambda c: _note(c, creds.public_key, name))
            write_atomically(path, creds.text, 0o640)
        if group is not None:
            os.chown(path, -1, group)

    async def _are_good(self, database: Database, name: str, path: Path, key: SigningKey) -> bool:
        try:
            creds = read_creds(path)
            claims = jwt.decode(creds.jwt)
        except (FileNotFoundError, MalformedCreds):
            return False
        signed_by = (claims["iss"], claims["nats"].get("issuer_account"))
        if signed_by != (_public_key(key), key.account):
            return False
        live = await database.read(lambda c: live_keys(c, name))
        return _belongs_together(creds) and creds.public_key in live


async def revoke_all(database: Database, bus: Bus, name: str) -> None:
    """End all credentials that `name` ever had; asks the revoker until it is done."""
    for key in await database.read(lambda c: live_keys(c, name)):
        await bus.call_persistently(REVOKE, RevokeRequest(public_key=key))
        await database.write(lambda c, key=key: _note_revoked(c, key))


def live_keys(connection: Connection, name: str) -> list[str]:
    """Public keys minted for `name` and not revoked."""
    rows = connection.exec_driver_sql(
        "SELECT public_key FROM credentials WHERE agent = ? AND revoked_at IS NULL", (name,)
    )
    return list(rows.scalars())


def _note(connection: Connection, public_key: str, name: str) -> None:
    connection.exec_driver_sql(
        "INSERT INTO credentials (public_key, agent, minted_at) VALUES (?, ?, ?)", (public_key, name, clock.now())
    )


def _note_revoked(connection: Connection, public_key: str) -> None:
    connection.exec_driver_sql("UPDATE credentials SET revoked_at = ? WHERE public_key = ?", (clock.now(), public_key))


def _public_key(key: SigningKey) -> str:
    return jwt.public_key(key.seed)


def _belongs_together(creds: Creds) -> bool:
    try:
        return jwt.public_key(creds.seed) == creds.public_key
    except (nkeys.NkeysError, ValueError):
        return False
