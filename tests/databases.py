"""Where a PostgreSQL for tests is, and throw-away databases on it."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

SERVER = os.environ.get("LLM_COPILOT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


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


async def _run(statement: str) -> None:
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
