"""Login codes and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_initial"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "login_codes",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("used_at", sa.Integer),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
