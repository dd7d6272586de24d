"""Inboxes, messages, receives, outbox."""

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
    """CREATE TABLE inboxes (
        name TEXT NOT NULL PRIMARY KEY,
        open INTEGER NOT NULL,
        epoch INTEGER NOT NULL DEFAULT 0,
        start_key TEXT,
        not_before INTEGER NOT NULL DEFAULT 0,
        pending INTEGER NOT NULL DEFAULT 0,
        in_flight INTEGER NOT NULL DEFAULT 0,
        dead INTEGER NOT NULL DEFAULT 0
    )""",
    "INSERT INTO inboxes (name, open) VALUES ('operator', 1)",
    """CREATE TABLE messages (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        sender TEXT NOT NULL,
        key TEXT NOT NULL,
        recipient TEXT NOT NULL,
        body TEXT NOT NULL,
        kind TEXT NOT NULL,
        in_reply_to INTEGER,
        thread INTEGER,
        state TEXT NOT NULL,
        stored_at INTEGER NOT NULL,
        delivered_at INTEGER,
        acked_at INTEGER,
        epoch INTEGER,
        turn TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        redelivered INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        dead_reason TEXT
    )""",
    "CREATE UNIQUE INDEX messages_by_key ON messages (sender, key)",
    "CREATE INDEX messages_by_recipient ON messages (recipient, id)",
    "CREATE INDEX messages_by_thread ON messages (thread) WHERE thread IS NOT NULL",
    """CREATE INDEX messages_open ON messages (recipient, state, id)
        WHERE state IN ('pending', 'in_flight', 'dead')""",
    "CREATE INDEX messages_done ON messages (acked_at) WHERE state IN ('acked', 'dismissed')",
    """CREATE TABLE receives (
        recipient TEXT NOT NULL,
        key TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        ids TEXT NOT NULL,
        PRIMARY KEY (recipient, key)
    )""",
)
