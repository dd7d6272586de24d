"""The tables of the event store. Lifecycle reads `events` of stopped agents, as an untrusted file."""

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("turn", Text),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("events_at", events.c.at)

turns = Table(
    "turns",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("turn", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("model", Text),
    Column("woken_by", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("ctx_tokens", Integer),
    Column("ctx_limit", Integer),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cache_read_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("last_input_tokens", Integer),
    Column("last_cache_read_tokens", Integer),
    Column("last_cache_write_tokens", Integer),
    Column("cost_usd", Float, nullable=False),
    Column("session_cost_usd", Float),
    Column("tool_calls", Integer, nullable=False),
    Column("tools", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("turns_ended_at", turns.c.ended_at)
