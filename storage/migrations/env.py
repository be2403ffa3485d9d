"""Runs migrations over a plain connection, one process at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, event, make_url, pool, text

from storage.database import MIGRATION_LOCK
from storage.models import Base


def run() -> None:
    url = make_url(context.config.attributes["url"])
    sqlite = url.drivername.startswith("sqlite")
    # Alembic is synchronous: the driver of the same database that needs no event loop.
    # What asyncpg calls ssl, libpq calls sslmode.
    query = {"sslmode" if key == "ssl" else key: value for key, value in url.query.items()}
    engine = create_engine(
        url.set(drivername="sqlite" if sqlite else "postgresql+psycopg", query=query),
        poolclass=pool.NullPool,
        connect_args={"timeout": 60, "isolation_level": None} if sqlite else {},
    )
    if sqlite:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        context.run_migrations()
    engine.dispose()


run()
