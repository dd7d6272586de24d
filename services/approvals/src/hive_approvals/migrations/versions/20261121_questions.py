"""Questions, and where to find those that are open or whose time is over."""

from alembic import op

revision = "20261121_questions"
down_revision = "20261121_initial"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE questions (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            asker TEXT NOT NULL,
            recipient TEXT NOT NULL,
            "key" TEXT NOT NULL,
            question TEXT NOT NULL,
            options TEXT NOT NULL,
            multi INTEGER NOT NULL,
            ttl INTEGER,
            asked_at INTEGER NOT NULL,
            deadline INTEGER,
            held INTEGER NOT NULL,
            held_until INTEGER,
            outcome TEXT,
            answer TEXT,
            answerer TEXT,
            answered_at INTEGER
        )"""
    )
    op.execute('CREATE UNIQUE INDEX questions_by_key ON questions (asker, "key")')
    op.execute("CREATE INDEX questions_by_recipient ON questions (recipient, id)")
    op.execute("CREATE INDEX questions_open ON questions (id) WHERE outcome IS NULL")
    op.execute(
        "CREATE INDEX questions_by_deadline ON questions (deadline) WHERE outcome IS NULL AND deadline IS NOT NULL"
    )
