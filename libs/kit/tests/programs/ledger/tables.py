"""The ledger's one table beside the kit's."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Integer, MetaData, Table, Text

metadata = MetaData()
outbox_tables(metadata)
entries = Table("entries", metadata, Column("id", Integer, primary_key=True), Column("body", Text, nullable=False))
