from alembic import op

revision = "20261122_body_index"
down_revision = "20261121_initial"


def upgrade() -> None:
    op.execute("CREATE INDEX entries_by_body ON entries (body)")
