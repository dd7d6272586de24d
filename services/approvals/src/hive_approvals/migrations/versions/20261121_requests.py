"""What approvals that are asked for and decided need, and drafts."""

from alembic import op

revision = "20261121_requests"
down_revision = "20261121_questions"


def upgrade() -> None:
    for column in (
        '"key" TEXT',
        "content TEXT",
        "base TEXT",
        "description TEXT NOT NULL DEFAULT ''",
        "notes TEXT NOT NULL DEFAULT '[]'",
        "config TEXT",
        "taken INTEGER NOT NULL DEFAULT 0",
        "refusal TEXT",
        "decided_by TEXT",
        "decided_at INTEGER",
        "released INTEGER NOT NULL DEFAULT 0",
        "building_at INTEGER",
        "outcome TEXT",
        "note TEXT",
        "version INTEGER NOT NULL DEFAULT 0",
        "settled INTEGER NOT NULL DEFAULT 0",
    ):
        op.execute(f"ALTER TABLE approvals ADD COLUMN {column}")
    op.execute('CREATE UNIQUE INDEX approvals_by_key ON approvals (requested_by, "key") WHERE "key" IS NOT NULL')
    op.execute("CREATE INDEX approvals_resolved ON approvals (resolved_at, id) WHERE resolved_at IS NOT NULL")
    op.execute("CREATE INDEX approvals_open ON approvals (agent, id) WHERE resolved_at IS NULL")
    op.execute("CREATE INDEX approvals_unsettled ON approvals (id) WHERE settled < version")
    op.execute(
        """CREATE TABLE drafts (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            requested_by TEXT NOT NULL,
            "key" TEXT,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL,
            start_commit TEXT,
            refusal TEXT
        )"""
    )
    op.execute('CREATE UNIQUE INDEX drafts_by_key ON drafts (requested_by, "key") WHERE "key" IS NOT NULL')
    op.execute("CREATE UNIQUE INDEX drafts_by_name ON drafts (name) WHERE state != 'removed'")
