from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from storage.database import MIGRATIONS, Database, head_revision
from storage.models import Base
from tests import databases


@pytest.fixture
async def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/new/copilot.db"
        return
    request.getfixturevalue("postgresql_template")  # skips where there is no server
    async with databases.temporary() as url:
        yield url


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    made = Database(empty_url)
    yield made
    await made.close()


async def tables(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def differences(database: Database) -> list[object]:
    def compare(sync: Connection) -> list[object]:
        context = MigrationContext.configure(sync, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.reading() as connection:
        return await connection.run_sync(compare)


async def test_up_down_and_up_again(empty: Database) -> None:
    assert await empty.current() is None
    await empty.upgrade()
    assert await empty.current() == head_revision()
    first = await tables(empty)
    assert first == {*Base.metadata.tables, "alembic_version"}
    await empty.downgrade("base")
    assert await tables(empty) == {"alembic_version"}
    assert await empty.current() is None
    await empty.upgrade()
    await empty.upgrade()
    assert await tables(empty) == first
    assert await differences(empty) == []


async def test_a_database_in_use_is_taken_to_the_newest_schema_and_back_with_what_is_in_it(empty: Database) -> None:
    await empty.upgrade("0001")
    async with empty.writing() as connection:
        await connection.execute(text("INSERT INTO processed_events VALUES ('e1', '2026-03-18 15:30:00')"))
        await connection.execute(
            text("INSERT INTO replicas VALUES ('r1', 'h', '2026-03-18 15:30', '2026-03-18 15:30')")
        )
    await empty.prepare()
    assert await differences(empty) == []
    await empty.downgrade("0001")
    assert "processed_events" in await tables(empty)
    async with empty.reading() as connection:
        assert list((await connection.execute(text("SELECT id FROM replicas"))).scalars()) == ["r1"]


async def test_models_and_migrations_agree(database: Database) -> None:
    assert await differences(database) == []


async def test_processes_that_upgrade_at_once_end_at_one_schema(empty: Database, empty_url: str) -> None:
    code = "import asyncio, sys; from storage.database import Database; asyncio.run(Database(sys.argv[1]).upgrade())"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, empty_url, stderr=asyncio.subprocess.PIPE, cwd=MIGRATIONS.parents[1]
        )
        for _ in range(2)
    ]
    ended = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0], ended
    assert await empty.current() == head_revision()
    assert await differences(empty) == []


def test_the_head_is_the_one_that_alembic_sees() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [head_revision()]
    assert all(Path(script.path).name.startswith(f"{script.revision}_") for script in scripts.walk_revisions()), (
        "the number of a file is its revision"
    )


async def test_sqlite_files_share_readers_with_a_writer(tmp_path: Path) -> None:
    made = Database(f"sqlite+aiosqlite:///{tmp_path}/copilot.db")
    await made.upgrade()
    async with made.reading() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")
        ]
    assert pragmas == ["wal", 1]
    await made.close()
