"""Approvals' tables. Times are microseconds since 1970, UTC."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Integer, MetaData, Table, Text

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
    sqlite_autoincrement=True,
)
