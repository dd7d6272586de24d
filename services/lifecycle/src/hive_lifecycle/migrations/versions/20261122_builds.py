"""What an agent's system was built as, what the lock has of it, and what actions print."""

from alembic import op

revision = "20261122_builds"
down_revision = "20261121_queued_deploys"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE agents ADD COLUMN commit_id TEXT",
    "ALTER TABLE agents ADD COLUMN locked TEXT",
    "ALTER TABLE agents ADD COLUMN system TEXT",
    "ALTER TABLE agents ADD COLUMN built_with TEXT",
    "ALTER TABLE actions ADD COLUMN system TEXT",
    "ALTER TABLE actions ADD COLUMN built_with TEXT",
    "ALTER TABLE actions ADD COLUMN config TEXT",
    "ALTER TABLE actions ADD COLUMN note TEXT",
    "ALTER TABLE actions ADD COLUMN lines INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE actions ADD COLUMN printed_bytes INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE output_lines (
        action INTEGER NOT NULL,
        n INTEGER NOT NULL,
        at INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (action, n)
    )""",
    """UPDATE agents SET locked = revision, commit_id = (
        SELECT commit_id FROM deploys WHERE agent = agents.name AND state = 'done' AND error IS NULL
        AND substr(commit_id, 1, length(agents.revision)) = agents.revision ORDER BY approval DESC LIMIT 1)""",
)
