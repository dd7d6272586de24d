"""Deploys of approved configurations, what is deployed, and what an agent was started with."""

from alembic import op

revision = "20261121_queued_deploys"
down_revision = "20261121_initial"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE agents ADD COLUMN config TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE agents ADD COLUMN started_with TEXT",
    "ALTER TABLE agents ADD COLUMN needs_update INTEGER",
    "ALTER TABLE actions ADD COLUMN approval INTEGER",
    """CREATE TABLE deploys (
        approval INTEGER NOT NULL PRIMARY KEY,
        agent TEXT NOT NULL,
        kind TEXT NOT NULL,
        commit_id TEXT NOT NULL,
        config TEXT NOT NULL,
        requested_by TEXT NOT NULL,
        state TEXT NOT NULL,
        queued_at INTEGER NOT NULL,
        ended_at INTEGER,
        error TEXT
    )""",
    "CREATE INDEX deploys_open ON deploys (agent, approval) WHERE state <> 'done'",
)
