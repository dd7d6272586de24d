"""Live events and turns."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_events_and_turns"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("turn", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_at", "events", ["at"])
    op.create_table(
        "turns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("woken_by", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("ctx_tokens", sa.Integer),
        sa.Column("ctx_limit", sa.Integer),
        sa.Column("input_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("cache_read_tokens", sa.Integer, nullable=False),
        sa.Column("cache_write_tokens", sa.Integer, nullable=False),
        sa.Column("last_input_tokens", sa.Integer),
        sa.Column("last_cache_read_tokens", sa.Integer),
        sa.Column("last_cache_write_tokens", sa.Integer),
        sa.Column("cost_usd", sa.Float, nullable=False),
        sa.Column("session_cost_usd", sa.Float),
        sa.Column("tool_calls", sa.Integer, nullable=False),
        sa.Column("tools", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("turns_ended_at", "turns", ["ended_at"])
