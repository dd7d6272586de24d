"""What every service's `migrations/env.py` runs: one transaction, batch mode, the path handed over by `migrate`."""

from alembic import context
from sqlalchemy import MetaData, create_engine, event
from sqlalchemy.pool import NullPool


def run(metadata: MetaData) -> None:
    """Run the migrations that alembic asked for on the database that `migrate` named."""
    path = context.config.attributes["database"]
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _manual_transactions(connection: object, _record: object) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # type: ignore[attr-defined]  # pysqlite's, so that DDL is transactional

    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # a SQLAlchemy Connection

    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
