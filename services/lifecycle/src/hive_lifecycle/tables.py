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
    Column("config", Text, nullable=False, server_default="{}"),
    Column("started_with", Text),
    Column("needs_update", Integer),
)
"""`revision` is set once both repositories exist, `reachable` once the inbox is open; `told` is the view last told.
`revision` and `config` are what is deployed; `started_with` is the digest of what the harness was last started with."""

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
    Column("approval", Integer),
    sqlite_autoincrement=True,
)
"""`step` is the next one to take; None before the first was looked up. In flight while `ended_at` is not set; an
`error` before that says why it is being undone."""
Index("actions_in_flight", actions.c.agent, unique=True, sqlite_where=text("ended_at IS NULL"))
Index("actions_by_agent", actions.c.agent, actions.c.id)

deploys = Table(
    "deploys",
    metadata,
    Column("approval", Integer, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("error", Text),
)
"""Approvals that were released to lifecycle; `state` is queued, running or done. Rows stay: none is done twice."""
Index("deploys_open", deploys.c.agent, deploys.c.approval, sqlite_where=text("state <> 'done'"))

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
