"""Reminders, the files that a message names, and whom an inbox's owner may write to."""

from alembic import op

revision = "20261121_reminders"
down_revision = "20261121_initial"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE inboxes ADD COLUMN may_write_to TEXT",
    "ALTER TABLE messages ADD COLUMN file_refs TEXT",
    """CREATE TABLE reminders (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        message TEXT NOT NULL,
        due INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        file_path TEXT,
        state TEXT NOT NULL,
        error TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt INTEGER NOT NULL,
        ended_at INTEGER,
        message_id INTEGER
    )""",
    "CREATE UNIQUE INDEX reminders_by_key ON reminders (owner, key)",
    "CREATE INDEX reminders_open ON reminders (owner, id) WHERE state IN ('pending', 'failed')",
    "CREATE INDEX reminders_due ON reminders (next_attempt, id) WHERE state IN ('pending', 'failed')",
    "CREATE INDEX reminders_done ON reminders (ended_at) WHERE state IN ('fired', 'cancelled')",
)
