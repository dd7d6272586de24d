"""Approvals' tables. Times are microseconds since 1970, UTC."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()
kit = outbox_tables(metadata)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("resolved_at", Integer),
    Column("key", Text),
    Column("content", Text),
    Column("base", Text),
    Column("description", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default="[]"),
    Column("config", Text),
    Column("taken", Integer, nullable=False, server_default="0"),
    Column("refusal", Text),
    Column("decided_by", Text),
    Column("decided_at", Integer),
    Column("released", Integer, nullable=False, server_default="0"),
    Column("building_at", Integer),
    Column("outcome", Text),
    Column("note", Text),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("settled", Integer, nullable=False, server_default="0"),
    Column("revives", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
Index(
    "approvals_by_key",
    approvals.c.requested_by,
    approvals.c.key,
    unique=True,
    sqlite_where=text('"key" IS NOT NULL'),
)
Index(
    "approvals_resolved",
    approvals.c.resolved_at,
    approvals.c.id,
    sqlite_where=text("resolved_at IS NOT NULL"),
)
Index("approvals_open", approvals.c.agent, approvals.c.id, sqlite_where=text("resolved_at IS NULL"))
Index("approvals_unsettled", approvals.c.id, sqlite_where=text("settled < version"))

drafts = Table(
    "drafts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("key", Text),
    Column("created_at", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("start_commit", Text),
    Column("refusal", Text),
    sqlite_autoincrement=True,
)
Index("drafts_by_key", drafts.c.requested_by, drafts.c.key, unique=True, sqlite_where=text('"key" IS NOT NULL'))
Index("drafts_by_name", drafts.c.name, unique=True, sqlite_where=text("state != 'removed'"))

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asker", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON: a list of strings
    Column("multi", Integer, nullable=False),
    Column("ttl", Integer),  # as it was asked for, microseconds
    Column("asked_at", Integer, nullable=False),
    Column("deadline", Integer),  # with every extension
    Column("held", Integer, nullable=False),  # the sum of the extensions, microseconds
    Column("held_until", Integer),
    Column("outcome", Text),
    Column("answer", Text),
    Column("answerer", Text),
    Column("answered_at", Integer),
    sqlite_autoincrement=True,
)
_open = text("outcome IS NULL")
Index("questions_by_key", questions.c.asker, questions.c.key, unique=True)
Index("questions_by_recipient", questions.c.recipient, questions.c.id)
Index("questions_open", questions.c.id, sqlite_where=_open)
Index(
    "questions_by_deadline",
    questions.c.deadline,
    sqlite_where=text("outcome IS NULL AND deadline IS NOT NULL"),
)
