"""The dashboard's tables: who is logged in, and codes that log in. Codes and tokens are kept as hashes only."""

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()

login_codes = Table(
    "login_codes",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("expires_at", Integer, nullable=False),
    Column("used_at", Integer),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Index("sessions_by_expiry", "expires_at"),
)
