"""Tables that every service's database has: its own id, its outbox, and where it is in the event stream."""

from dataclasses import dataclass

from sqlalchemy import Column, Integer, MetaData, Table, Text


@dataclass(frozen=True)
class OutboxTables:
    """The kit's own tables in a service's metadata."""

    store: Table
    """One row: the database's id, which goes into its events' ids."""
    outbox: Table
    """Events committed but not yet published."""
    seen: Table
    """Ids of other services' events whose effect is in this database."""
    position: Table
    """How far this database has followed the event stream."""


def outbox_tables(metadata: MetaData) -> OutboxTables:
    """Declare the kit's tables in a service's metadata."""
    return OutboxTables(
        store=Table("store", metadata, Column("id", Text, primary_key=True)),
        outbox=Table(
            "outbox",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("subject", Text, nullable=False),
            Column("payload", Text, nullable=False),
            sqlite_autoincrement=True,
        ),
        seen=Table("seen_events", metadata, Column("id", Text, primary_key=True)),
        position=Table(
            "stream_position",
            metadata,
            Column("stream", Text, primary_key=True),
            Column("created", Text, nullable=False),
            Column("seq", Integer, nullable=False),
        ),
    )


def create_outbox() -> list[Table]:
    """The kit's tables as the services' first migrations create them. Never changes: a later form gets a new name."""
    metadata = MetaData()
    outbox_tables(metadata)
    return list(metadata.sorted_tables)
