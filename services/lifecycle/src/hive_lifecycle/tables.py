"""Lifecycle's tables. Times are microseconds since 1970, UTC."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()
kit = outbox_tables(metadata)

agents = Table(
    "agents",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("container", Text, nullable=False),
    Column("container_since", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("exit", Text),
    Column("error", Text),
    Column("revision", Text),
    Column("reachable", Integer, nullable=False, server_default="0"),
    Column("logged_in", Integer),
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("told", Text),
)
"""`revision` is set once both repositories exist, `reachable` once the inbox is open; `told` is the view last told."""

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("transient", Text, nullable=False),
    Column("step", Text),
    Column("purge", Integer, nullable=False, server_default="0"),
    Column("requested_by", Text, nullable=False),
    Column("begun_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("error", Text),
    sqlite_autoincrement=True,
)
"""`step` is the next one to take; None before the first was looked up. In flight while `ended_at` is not set."""
Index("actions_in_flight", actions.c.agent, unique=True, sqlite_where=text("ended_at IS NULL"))
Index("actions_by_agent", actions.c.agent, actions.c.id)

credentials = Table(
    "credentials",
    metadata,
    Column("public_key", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("minted_at", Integer, nullable=False),
    Column("revoked_at", Integer),
)

uids = Table(
    "uids",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("uid", Integer, nullable=False, unique=True),
)
"""Users of this host, kept as long as anything of the agent is kept."""
