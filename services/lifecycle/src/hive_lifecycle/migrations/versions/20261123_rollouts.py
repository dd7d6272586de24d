"""Rollouts, tombstones, and deploys that revive."""

from alembic import op

revision = "20261123_rollouts"
down_revision = "20261122_builds"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE deploys ADD COLUMN revives INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE rollouts (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        cause TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        begun_at INTEGER NOT NULL,
        ended_at INTEGER,
        inputs TEXT NOT NULL DEFAULT '[]',
        locked INTEGER NOT NULL DEFAULT 0,
        commit_id TEXT,
        error TEXT
    )""",
    "CREATE INDEX rollouts_open ON rollouts (id) WHERE ended_at IS NULL",
    """CREATE TABLE rollout_agents (
        rollout INTEGER NOT NULL,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        action INTEGER,
        error TEXT,
        PRIMARY KEY (rollout, position)
    )""",
    """CREATE TABLE tombstones (
        name TEXT NOT NULL PRIMARY KEY,
        destroyed_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        changed_at INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL DEFAULT 0,
        login_kept INTEGER NOT NULL DEFAULT 0
    )""",
    # What was destroyed and kept before there was this table. Those of which nothing is left go when they are measured.
    """INSERT INTO tombstones (name, destroyed_at, state, changed_at)
        SELECT agent, ended_at, 'new', ended_at FROM actions a
        WHERE kind = 'destroy' AND ended_at IS NOT NULL AND error IS NULL AND NOT purge
        AND id = (SELECT max(id) FROM actions b WHERE b.agent = a.agent)
        AND agent NOT IN (SELECT name FROM agents)""",
)
