"""Approvals and outbox."""

from alembic import op
from hive_kit.database import create_outbox

revision = "20261121_initial"
down_revision = None


def upgrade() -> None:
    for table in create_outbox():
        table.create(op.get_bind(), checkfirst=True)
    op.execute(
        """CREATE TABLE approvals (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            agent TEXT NOT NULL,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            commit_id TEXT NOT NULL,
            requested_by TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            resolved_at INTEGER
        )"""
    )
