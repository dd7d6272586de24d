"""Which approvals make an agent of what is kept of a destroyed one."""

from alembic import op

revision = "20261122_revive"
down_revision = "20261121_requests"


def upgrade() -> None:
    op.execute("ALTER TABLE approvals ADD COLUMN revives INTEGER NOT NULL DEFAULT 0")
