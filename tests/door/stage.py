"""Operations that do what a test says, and a look at all that was written down."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, operation
from bot.door.outcomes import Outcome, Refused
from bot.guard.audit import Query
from bot.guard.risk import Risk
from storage.models import ApprovalRow, DeadLetterRow, DrillRow, RunRow
from storage.repositories.rows import table

Body = Callable[[Any, Context], Awaitable[str]]
AnyOperation = Operation[Any, Any]


IN_PROCESS = pytest.mark.parametrize("database_kind", ["sqlite"])
"""For what is decided before, or beside, whatever a database does: one of them will do."""


class Words(Input):
    """Something to say."""

    words: str = "hello"


class Place(Input):
    """Somewhere to act."""

    words: str = "hello"
    environment: str | None = None
    service: str | None = None


class Said(Output):
    """What was said."""

    words: str


def read(name: str, body: Body, **more: Any) -> AnyOperation:
    """Allowed to everybody."""

    async def function(wanted: Words, context: Context) -> Said:
        """Do what the test says."""
        return Said(words=await body(wanted, context))

    return operation(name, **{"title": "Test", "permission": "help:read", "timeout": 20, **more})(function)


def change(name: str, body: Body, **more: Any) -> AnyOperation:
    """Allowed to everybody, and runs at once."""
    return read(name, body, **{"risk": Risk.WRITE, **more})


def danger(name: str, body: Body, **more: Any) -> AnyOperation:
    """Allowed to everybody, behind the gate."""
    return read(name, body, **{"risk": Risk.DESTRUCTIVE, **more})


def placed(name: str, body: Body, **more: Any) -> AnyOperation:
    """A change of an environment and a service."""

    async def function(wanted: Place, context: Context) -> Said:
        """Do what the test says."""
        return Said(words=await body(wanted, context))

    return operation(
        name, **{"title": "Test", "permission": "maintenance:drill", "risk": Risk.WRITE, "timeout": 20, **more}
    )(function)


class Script:
    """A body that counts its runs, says that it began, and ends when it is let go."""

    def __init__(self, *, held: bool = False, error: BaseException | None = None) -> None:
        self.ran = 0
        self.keys: list[str] = []
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.error = error
        if not held:
            self.go_on.set()

    async def __call__(self, wanted: Any, context: Context) -> str:
        self.ran += 1
        self.keys.append(context.idempotency_key)
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if self.error:
            raise self.error
        return str(wanted.words)


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(30):
        await event.wait()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """For what another task does after its last event: a condition, not a length of time."""
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  the condition is a row of a database
            await asyncio.sleep(0.005)


def started(call: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
    return asyncio.create_task(call)


async def audited(app: App, **query: Any) -> list[dict[str, Any]]:
    """Oldest first."""
    await app.audit.close()
    return list(reversed(await app.audit.search(Query(limit=500, **query))))


async def written(app: App) -> dict[str, int]:
    """How much there is of whatever an operation may leave behind."""
    counts = {}
    async with app.database.reading() as connection:
        for model in (ApprovalRow, RunRow, DrillRow, DeadLetterRow):
            found = await connection.execute(select(func.count()).select_from(table(model)))
            counts[model.__tablename__] = found.scalar_one()
    return counts


NOTHING = {"approvals": 0, "runs": 0, "drills": 0, "dead_letters": 0}


def refused(outcome: Outcome, because: str) -> Refused:
    assert isinstance(outcome, Refused), outcome
    assert outcome.because == because, outcome
    assert outcome.message
    return outcome


async def dump(url: str, folder: Path) -> str:
    """Every row of every table, those of the durable engine among them."""
    if url.startswith("sqlite"):
        return await asyncio.to_thread(_dump_files, folder)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        rows = [
            str(row[0])
            for each in tables
            for row in await connection.fetch(f'SELECT t::text FROM "{each[0]}"."{each[1]}" t')
        ]
    finally:
        await connection.close()
    return "\n".join(rows)


def _dump_files(folder: Path) -> str:
    lines: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
            with closing(sqlite3.connect(path)) as connection:
                lines += connection.iterdump()
    return "\n".join(lines)
