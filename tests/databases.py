"""Where a PostgreSQL for tests is, and throw-away databases on it."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from storage.models import Base

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


async def reachable() -> str:
    """Empty if it answers, otherwise why not."""
    try:
        connection = await asyncpg.connect(SERVER, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return f"no PostgreSQL at {SERVER.rpartition('@')[2]}: {type(error).__name__}: {error}"
    await connection.close()
    return ""


def url_of(name: str) -> str:
    return SERVER.rpartition("/")[0].replace("postgresql://", "postgresql+asyncpg://") + "/" + name


async def create(template: str = "template1") -> str:
    """A new database; returns its name."""
    name = f"llm_copilot_test_{uuid.uuid4().hex[:12]}"
    await _run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


async def drop(name: str) -> None:
    await _run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@asynccontextmanager
async def temporary(template: str = "template1") -> AsyncIterator[str]:
    """The URL of a database that is gone afterwards."""
    name = await create(template)
    try:
        yield url_of(name)
    finally:
        await drop(name)


def plain(name: str) -> str:
    return f"{SERVER.rpartition('/')[0]}/{name}"


async def _run(statement: str, name: str = "postgres") -> None:
    connection = await asyncpg.connect(plain(name))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


_EMPTY_DURABLE = """
DO $$ DECLARE each text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'dbos' AND tablename <> 'dbos_migrations' LOOP
        EXECUTE format('DELETE FROM dbos.%I', each);
    END LOOP;
END $$;
"""
"""What durable execution has kept, in whatever order: it is no business of ours which table refers to which."""


class Reused:
    """A migrated database that one test after the other gets empty: making one takes 0.4 s, emptying it 0.02 s."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._name: str | None = None
        self._shape: object = None

    async def taken(self) -> str:
        """Its URL; made anew where the last test changed the schema."""
        if self._name and not await self._emptied(self._name):
            await self.drop()
        if self._name is None:
            self._name = await create(self._template)
            self._shape = await self._shape_of(self._name)
        return url_of(self._name)

    async def drop(self) -> None:
        if self._name:
            await drop(self._name)
            self._name = None

    async def _emptied(self, name: str) -> bool:
        await _run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if await self._shape_of(name) != self._shape:
            return False
        tables = reversed(Base.metadata.sorted_tables)
        await _run(_EMPTY_DURABLE + "".join(f"DELETE FROM {table.name};" for table in tables), name)
        return True

    @staticmethod
    async def _shape_of(name: str) -> object:
        connection = await asyncpg.connect(plain(name))
        try:
            columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            return (
                {tuple(row) for row in await connection.fetch(columns)},
                {
                    tuple(row)
                    for row in await connection.fetch(
                        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
                    )
                },
                await connection.fetchval("SELECT max(version_num) FROM alembic_version"),
            )
        except asyncpg.PostgresError as error:
            return error
        finally:
            await connection.close()
