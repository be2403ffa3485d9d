from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.errors import ConfigurationError, Conflict, CopilotError, Terminal, Unavailable
from storage.database import Database, _plainly, head_revision
from storage.models import DrillRow
from storage.repositories import DrillRepository
from storage.repositories.rows import table
from tests import databases
from tests.conftest import START

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"])


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite+aiosqlite:///"))


Deed = Callable[[], Awaitable[object]]


async def error_of(deed: Awaitable[object]) -> CopilotError:
    with pytest.raises(CopilotError) as error:
        await deed
    assert error.value.mend
    assert "\n" not in error.value.message
    return error.value


class Events(DrillRepository):
    """The simplest thing that is written once."""

    async def take(self, key: str, at: datetime) -> bool:
        return await self.write(key, label="x", environment="staging", person="ada", at=at)


async def taken(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(text("SELECT key FROM drills ORDER BY key"))).scalars())


# ---------------------------------------------------------------- what holds on both


async def test_a_block_that_fails_leaves_nothing_half_written(database: Database) -> None:
    async def change_my_mind() -> None:
        async with database.writing() as connection:
            await connection.execute(
                table(DrillRow).insert().values(key="a", label="x", environment="y", person="z", at=START)
            )
            raise Conflict("changed my mind", mend="Not.")

    assert isinstance(await error_of(change_my_mind()), Conflict)
    assert await taken(database) == []


@pytest.mark.parametrize("statement", ["SELECT * FROM drills", "UPDATE drills SET key = 'x'"])
async def test_a_table_that_is_missing_says_how_to_make_it(database: Database, statement: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text("DROP TABLE drills"))

    async def use() -> None:
        async with database.writing() as connection:
            await connection.execute(text(statement))

    error = await error_of(use())
    assert isinstance(error, ConfigurationError)
    assert "lacks a table" in error.message
    assert error.mend == "Run: llm-copilot db upgrade"


async def test_a_column_that_is_missing_says_so_too(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("ALTER TABLE drills RENAME COLUMN at TO gone"))
    error = await error_of(Events(database).take("e", START))
    assert isinstance(error, ConfigurationError)
    assert "column" in error.message


async def test_a_broken_promise_is_a_bug_and_is_called_one(database: Database) -> None:
    async def twice() -> None:
        async with database.writing() as connection:
            for _ in range(2):
                await connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))

    error = await error_of(twice())
    assert isinstance(error, Terminal)
    assert "bug" in error.mend
    async with database.reading() as connection:
        assert len((await connection.execute(text("SELECT * FROM alembic_version"))).all()) == 1


async def test_a_schema_of_another_version_is_named(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for deed in (database.upgrade(), database.prepare(), database.downgrade("base")):
        error = await error_of(deed)
        assert isinstance(error, ConfigurationError)
        assert "9999" in error.message
    assert "9999" in (await error_of(database.require_current())).message


async def test_a_pool_that_is_used_up_says_busy(database_url: str) -> None:
    database = Database(database_url, pool_size=1, timeout=0.1)
    try:
        if database.sqlite:
            database.engine.pool._timeout = 0.1  # type: ignore[attr-defined]
        async with database.reading():
            error = await error_of(taken(database))
        assert isinstance(error, Unavailable)
        assert await taken(database) == []
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("attempt to write a readonly database", Terminal),
        ("cannot execute INSERT in a read-only transaction", Terminal),
        ("database or disk is full", Terminal),
        ('could not extend file "base/1": No space left on device', Terminal),
        ("database disk image is malformed", Terminal),
        ("database is locked", Unavailable),
        ("deadlock detected", Unavailable),
        ("", Unavailable),
        ("first line\nsecond line", Unavailable),
    ],
)
def test_what_a_driver_says_comes_out_in_plain_words(said: str, kind: type[CopilotError]) -> None:
    with pytest.raises(kind) as error, _plainly("'x.db'"):
        raise OperationalError("INSERT", {}, Exception(said))
    assert "'x.db'" in error.value.message
    assert "second line" not in error.value.message
    assert error.value.mend


def test_our_own_errors_and_bugs_pass_untouched() -> None:
    for own in (Conflict("x"), KeyError("x")):
        with pytest.raises(type(own)) as error, _plainly("x"):
            raise own
        assert error.value is own


# ---------------------------------------------------------------- SQLite


@SQLITE
async def test_a_locked_file_is_busy_and_then_it_works(database_url: str) -> None:
    database = Database(database_url, timeout=0.05)
    events = Events(database)
    with contextlib.closing(sqlite3.connect(path_of(database_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = await error_of(events.take("e", START))
        assert isinstance(error, Unavailable)
        assert "nothing was written" in error.mend
        assert await taken(database) == [], "reading goes on"
        other.execute("ROLLBACK")
    assert await events.take("e", START)
    await database.close()


@SQLITE
async def test_writers_wait_for_each_other_and_lose_nothing(database_url: str) -> None:
    replicas = [Database(database_url) for _ in range(2)]
    took = await asyncio.gather(
        *(Events(replicas[n % 2]).take(f"e{n // 2:02}", START) for n in range(40)), return_exceptions=True
    )
    assert sorted(map(str, took)) == ["False"] * 20 + ["True"] * 20
    for each in replicas:
        await each.close()


@SQLITE
async def test_a_file_that_cannot_be_written_can_still_be_read(database_url: str) -> None:
    database = Database(f"sqlite+aiosqlite:///file:{path_of(database_url)}?mode=ro&uri=true")
    assert await taken(database) == []
    error = await error_of(Events(database).take("e", START))
    assert isinstance(error, Terminal)
    assert "cannot be written" in error.message
    await database.close()


async def test_a_folder_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "copilot.db"
    folder.mkdir()
    database = Database(f"sqlite+aiosqlite:///{folder}")
    for deed in (taken(database), database.upgrade(), database.prepare()):
        error = await error_of(deed)
        assert isinstance(error, ConfigurationError)
        assert "copilot.db" in error.message
    await database.close()


async def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/data/copilot.db")
    for deed in (database.upgrade(), taken(database)):
        error = await error_of(deed)
        assert isinstance(error, ConfigurationError)
        assert "copilot.db" in error.message
    await database.close()


@SQLITE
@pytest.mark.parametrize("damage", ["no database at all", "broken pages"])
async def test_a_damaged_file_asks_for_its_backup(database_url: str, damage: str) -> None:
    path = path_of(database_url)
    data = path.read_bytes()
    path.write_bytes(b"x" * len(data) if damage.startswith("no") else data[:4096] + b"\xff" * (len(data) - 4096))
    database = Database(database_url)
    for deed in (taken(database), Events(database).take("e", START)):
        error = await error_of(deed)
        assert isinstance(error, Terminal)
        assert "backup" in error.mend
    if damage.startswith("no"):
        assert "damaged" in (await error_of(database.upgrade())).message
    await database.close()


def test_a_sqlite_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigurationError, match=r"SQLite 3\.34\.1.* 3\.35 ") as error:
        Database(f"sqlite+aiosqlite:///{tmp_path}/copilot.db")
    assert "PostgreSQL" in error.value.mend


async def test_where_there_is_no_file_there_is_no_schema(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/deep/er/copilot.db")
    assert await database.current() is None
    assert "none" in (await error_of(database.require_current())).message
    await database.prepare()
    await database.prepare()
    await database.require_current()
    assert await database.current() == head_revision()
    await database.close()


# ---------------------------------------------------------------- PostgreSQL


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """Something that listens where PostgreSQL should."""
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await answer(reader, writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"postgresql+asyncpg://ada:hunter22@127.0.0.1:{listening.sockets[0].getsockname()[1]}/copilot?ssl=disable"
    finally:
        listening.close()
        for _turn in range(4):  # whoever was accepted a moment ago is among the writers only after these
            await asyncio.sleep(0)
        for each in writers:
            each.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def wrong_password(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(8)
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "ada"\0\0'
    writer.write(b"E" + struct.pack("!i", len(fields) + 4) + fields)
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (silent, Unavailable, "no answer in time"),
        (hangs_up, Unavailable, "does not answer"),
        (wrong_password, ConfigurationError, "password authentication failed"),
    ],
)
async def test_a_server_that_will_not_talk(answer: Answer, kind: type[CopilotError], says: str) -> None:
    async with server(answer) as url:
        database = Database(url, timeout=0.2)
        deeds: list[Deed] = [
            lambda: taken(database),
            lambda: Events(database).take("e", START),
            database.current,
        ]
        for deed in deeds:
            error = await error_of(deed())
            assert isinstance(error, kind)
            assert says in error.message
            assert "127.0.0.1" in error.message
            assert "hunter22" not in str(error)
        await database.close()


async def test_a_server_that_is_down_is_unavailable() -> None:
    database = Database("postgresql+asyncpg://ada:hunter22@127.0.0.1:1/copilot", timeout=1)
    for deed in (taken(database), database.upgrade(), database.require_current()):
        error = await error_of(deed)
        assert isinstance(error, Unavailable)
        assert "127.0.0.1:1 " in error.message
        assert "hunter22" not in str(error)
    await database.close()


@POSTGRESQL
async def test_a_database_or_a_user_that_there_is_not_is_no_missing_table(database_url: str) -> None:
    for url in (database_url + "_not", database_url.replace("postgres@", "nobody_here@")):
        database = Database(url)
        for deed in (database.current(), database.upgrade(), taken(database)):
            error = await error_of(deed)
            assert isinstance(error, ConfigurationError)
            assert "does not exist" in error.message
            assert "LLM_COPILOT_DATABASE_URL" in error.mend
        await database.close()


@POSTGRESQL
async def test_a_connection_that_is_cut_writes_nothing_and_the_next_one_works(database: Database) -> None:
    events = Events(database)

    async def cut() -> None:
        async with database.writing() as connection:
            await connection.execute(
                table(DrillRow).insert().values(key="a", label="x", environment="y", person="z", at=START)
            )
            own = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await databases._run(f"SELECT pg_terminate_backend({own})")
            await connection.execute(text("SELECT 1"))

    assert isinstance(await error_of(cut()), Unavailable)
    for _ in range(3):
        with contextlib.suppress(Unavailable):
            assert await events.take("b", START)
            break
    assert await taken(database) == ["b"]
