"""Who is logged in: single-use codes of ten minutes, and the sessions of thirty days that they open.

Both are random, handed out once and kept as hashes, so that neither the database nor its backup lets anyone in.
"""

import hashlib
import secrets
from dataclasses import dataclass

from hive_kit.database import Database
from hive_wire.errors import ErrorCode, Refusal
from sqlalchemy import Connection

CODE_SECONDS = 10 * 60
SESSION_SECONDS = 30 * 24 * 3600
BAD_CODES_A_MINUTE = 10


@dataclass(frozen=True)
class Session:
    """A logged-in browser; times in seconds since 1970."""

    hash: str
    expires_at: int


@dataclass(frozen=True)
class NewSession:
    """A session with the token that the browser keeps; the only time that it is seen."""

    token: str
    session: Session


async def make_code(database: Database, now: int) -> tuple[str, int]:
    """A new login code and when it ends, committed."""
    code = secrets.token_urlsafe(24)
    expires_at = now + CODE_SECONDS

    def store(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM login_codes WHERE expires_at <= ?", (now,))
        connection.exec_driver_sql(
            "INSERT INTO login_codes (hash, expires_at) VALUES (?, ?)", (_hash(code), expires_at)
        )

    await database.write(store)
    return code, expires_at


async def open_session(database: Database, code: str, now: int) -> NewSession:
    """Use up a code and open a session, both or neither. Raises Refusal `bad_login_code`."""
    token = secrets.token_urlsafe(32)
    session = Session(_hash(token), now + SESSION_SECONDS)

    def use(connection: Connection) -> None:
        used = connection.exec_driver_sql(
            "UPDATE login_codes SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ?",
            (now, _hash(code), now),
        )
        if used.rowcount != 1:
            raise Refusal(
                ErrorCode.BAD_LOGIN_CODE,
                "The login code is unknown, used or older than ten minutes; `hive open` makes a new one.",
            )
        connection.exec_driver_sql("DELETE FROM sessions WHERE expires_at <= ?", (now,))
        connection.exec_driver_sql(
            "INSERT INTO sessions (hash, created_at, expires_at) VALUES (?, ?, ?)",
            (session.hash, now, session.expires_at),
        )

    await database.write(use)
    return NewSession(token, session)


async def find_session(database: Database, token: str, now: int) -> Session | None:
    """The session of a browser's token, while it lasts."""
    return await session_by_hash(database, _hash(token), now)


async def session_by_hash(database: Database, session: str, now: int) -> Session | None:
    """A session that was found before, if it still lasts."""

    def look(connection: Connection) -> Session | None:
        row = connection.exec_driver_sql(
            "SELECT hash, expires_at FROM sessions WHERE hash = ? AND expires_at > ?", (session, now)
        ).first()
        return Session(row[0], row[1]) if row else None

    return await database.read(look)


async def end_session(database: Database, session: Session) -> None:
    """Revoke a session; its token lets nobody in any more."""
    await database.write(lambda c: c.exec_driver_sql("DELETE FROM sessions WHERE hash = ?", (session.hash,)))


class BadCodes:
    """Counts bad login codes in the last minute.

    Only bad ones are refused for their number: otherwise any local process could lock the operator out, and a code of
    192 random bits can't be guessed.
    """

    def __init__(self) -> None:
        self._at: list[float] = []

    def add(self, now: float) -> float | None:
        """Count one at `now` (monotonic seconds). Returns in how many seconds to try again once there were too many."""
        self._at = [at for at in self._at if at > now - 60][-BAD_CODES_A_MINUTE:]
        self._at.append(now)
        return None if len(self._at) <= BAD_CODES_A_MINUTE else self._at[0] + 60 - now


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
