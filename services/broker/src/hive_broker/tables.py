"""The broker's tables. Times are microseconds since 1970, UTC."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()
kit = outbox_tables(metadata)

inboxes = Table(
    "inboxes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("open", Integer, nullable=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("start_key", Text),
    Column("not_before", Integer, nullable=False, server_default="0"),
    Column("pending", Integer, nullable=False, server_default="0"),
    Column("in_flight", Integer, nullable=False, server_default="0"),
    Column("dead", Integer, nullable=False, server_default="0"),
    Column("may_write_to", Text),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("in_reply_to", Integer),
    Column("thread", Integer),
    Column("state", Text, nullable=False),
    Column("stored_at", Integer, nullable=False),
    Column("delivered_at", Integer),
    Column("acked_at", Integer),
    Column("epoch", Integer),
    Column("turn", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("redelivered", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("dead_reason", Text),
    Column("file_refs", Text),
    sqlite_autoincrement=True,
)
Index("messages_by_key", messages.c.sender, messages.c.key, unique=True)
Index("messages_by_recipient", messages.c.recipient, messages.c.id)
Index("messages_by_thread", messages.c.thread, sqlite_where=text("thread IS NOT NULL"))
Index(
    "messages_open",
    messages.c.recipient,
    messages.c.state,
    messages.c.id,
    sqlite_where=text("state IN ('pending', 'in_flight', 'dead')"),
)
Index("messages_done", messages.c.acked_at, sqlite_where=text("state IN ('acked', 'dismissed')"))

receives = Table(
    "receives",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("ids", Text, nullable=False),
)

reminders = Table(
    "reminders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("due", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("file_path", Text),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("message_id", Integer),
    sqlite_autoincrement=True,
)
_OPEN = text("state IN ('pending', 'failed')")
Index("reminders_by_key", reminders.c.owner, reminders.c.key, unique=True)
Index("reminders_open", reminders.c.owner, reminders.c.id, sqlite_where=_OPEN)
Index("reminders_due", reminders.c.next_attempt, reminders.c.id, sqlite_where=_OPEN)
Index("reminders_done", reminders.c.ended_at, sqlite_where=text("state IN ('fired', 'cancelled')"))
