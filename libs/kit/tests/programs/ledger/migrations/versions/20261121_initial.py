from alembic import op
from hive_kit.database import create_outbox

revision = "20261121_initial"
down_revision = None


def upgrade() -> None:
    for table in create_outbox():
        table.create(op.get_bind(), checkfirst=True)
    op.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
