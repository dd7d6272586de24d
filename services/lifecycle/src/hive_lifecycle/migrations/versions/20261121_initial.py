"""Agents, actions, credentials, uids, outbox."""

from alembic import op
from hive_kit.database import create_outbox

revision = "20261121_initial"
down_revision = None


def upgrade() -> None:
    for table in create_outbox():
        table.create(op.get_bind(), checkfirst=True)
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """CREATE TABLE agents (
        name TEXT NOT NULL PRIMARY KEY,
        role TEXT NOT NULL,
        port INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        container TEXT NOT NULL,
        container_since INTEGER NOT NULL,
        wanted INTEGER NOT NULL,
        exit TEXT,
        error TEXT,
        revision TEXT,
        reachable INTEGER NOT NULL DEFAULT 0,
        logged_in INTEGER,
        restarts INTEGER NOT NULL DEFAULT 0,
        told TEXT
    )""",
    """CREATE TABLE actions (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        agent TEXT NOT NULL,
        kind TEXT NOT NULL,
        transient TEXT NOT NULL,
        step TEXT,
        purge INTEGER NOT NULL DEFAULT 0,
        requested_by TEXT NOT NULL,
        begun_at INTEGER NOT NULL,
        ended_at INTEGER,
        error TEXT
    )""",
    "CREATE UNIQUE INDEX actions_in_flight ON actions (agent) WHERE ended_at IS NULL",
    "CREATE INDEX actions_by_agent ON actions (agent, id)",
    """CREATE TABLE credentials (
        public_key TEXT NOT NULL PRIMARY KEY,
        agent TEXT NOT NULL,
        minted_at INTEGER NOT NULL,
        revoked_at INTEGER
    )""",
    """CREATE TABLE uids (
        agent TEXT NOT NULL PRIMARY KEY,
        uid INTEGER NOT NULL UNIQUE
    )""",
)
