"""The connection to SQLite or PostgreSQL, its errors in plain words, and the schema's revision."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from bot.errors import ConfigurationError, CopilotError, Terminal, Unavailable
from storage.cursors import Connection
from storage.turns import Turns

PATIENCE: Final = 30.0
"""Seconds that somebody else may take to make the same file."""
PAUSE: Final = 0.05

MIGRATIONS = Path(__file__).parent / "migrations"
_REFUSED_LOGIN = re.compile(r"authentication failed|(?:database|role) \".*\" does not exist|no pg_hba.conf entry")
THREAD_SECONDS = 5.0
OLDEST_SQLITE = (3, 35)
MIGRATION_LOCK = 0x6C6C6D63  # any number that nobody else takes as an advisory lock on our database


def _begin(connection: Any) -> None:
    """Take the write lock at once: a transaction that reads first and writes later could find it taken.

    On the driver itself: SQLAlchemy has no word for it.
    """
    if connection.get_execution_options().get("writes"):
        await_only(connection.connection.driver_connection.execute("BEGIN IMMEDIATE"))


def _reset(dbapi_connection: Any, _: Any, __: Any) -> None:
    """Nothing is left open when a connection goes back, and where nothing was open there is nothing to do."""
    if dbapi_connection.driver_connection.in_transaction:
        dbapi_connection.rollback()


class Database:
    """`reading()` and `writing()` give connections; whatever goes wrong comes out as one of our errors."""

    def __init__(self, url: str, *, pool_size: int = 10, timeout: float = 5.0) -> None:
        self.url = url
        self.kind = "sqlite" if url.startswith("sqlite") else "postgresql"
        self.place = _place(url)
        self._threads: WeakSet[threading.Thread] = WeakSet()
        self.engine: AsyncEngine = _engine(url, self.kind, pool_size, timeout, self._threads)
        # A statement that only reads needs no BEGIN and no ROLLBACK: two round trips less on PostgreSQL.
        # On SQLite, only writing() begins a transaction; a statement outside of one is its own.
        self._writer = self.engine.execution_options(writes=True)
        # SQLite takes one writer at a time, and lets the others sleep and poll: here they wait in their order.
        self._turns = Turns() if self.sqlite else None
        self._reader = self.engine if self.sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def sqlite(self) -> bool:
        return self.kind == "sqlite"

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """For one statement after the other; each is a transaction of its own."""
        with _plainly(self.place):
            async with self._reader.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def writing(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end of the block, rolled back if it raises. `urgent` goes before others."""
        turn = self._turns.take(urgent=urgent) if self._turns else contextlib.nullcontext()
        with _plainly(self.place):
            async with turn, self._writer.begin() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def single(self, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """For one statement that writes: it is a transaction by itself, at half the price of `writing()`."""
        turn = self._turns.take(urgent=urgent) if self._turns else contextlib.nullcontext()
        with _plainly(self.place):
            async with turn, self._reader.connect() as connection:
                yield connection

    async def close(self) -> None:
        await self.engine.dispose()
        # A connection that broke is dropped without waiting; its thread must not speak to a loop that has ended.
        for thread in list(self._threads):
            await asyncio.to_thread(thread.join, THREAD_SECONDS)

    # ------------------------------------------------------------ schema

    async def upgrade(self, revision: str = "head") -> None:
        """Bring the schema up to date; several processes may try at once."""
        with _plainly(self.place):
            if self.sqlite:
                _make_folder(self.url)
            await asyncio.to_thread(_alembic, "upgrade", self.url, revision)

    async def prepare(self) -> None:
        """Bring a SQLite file up to date at start-up, at no cost where it is."""
        if await self.current() != head_revision():
            await self.upgrade()

    async def downgrade(self, revision: str) -> None:
        with _plainly(self.place):
            await asyncio.to_thread(_alembic, "downgrade", self.url, revision)

    async def current(self) -> str | None:
        """The revision of the schema; None where there is no schema yet."""
        if self.sqlite and not await asyncio.to_thread(Path(make_url(self.url).database or "").exists):
            return None
        async with self.reading() as connection:
            try:
                found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            except DBAPIError as error:
                if _missing_table(error):
                    return None
                raise
            return found.scalar()

    async def require_current(self) -> None:
        """PostgreSQL is migrated by people, not by whichever replica starts first."""
        found, wanted = await self.current(), head_revision()
        if found != wanted:
            raise ConfigurationError(
                f"the database {self.place} is at schema {found or 'none'}, this version needs {wanted}",
                mend="Run: llm-copilot db upgrade",
            )


def head_revision() -> str:
    """The newest migration, by the number in its file's name: without Alembic, which takes 0.6 s to import."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _alembic(command: str, url: str, revision: str) -> None:
    from alembic import command as commands  # noqa: PLC0415  as above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    try:
        getattr(commands, command)(config, revision)
    except CommandError as error:
        raise ConfigurationError(
            f"the schema of {_place(url)} cannot be brought to {revision!r}: {error}",
            mend="A revision that is not found belongs to another version of llm-copilot: run that one.",
        ) from error


def _engine(url: str, kind: str, pool_size: int, timeout: float, threads: WeakSet[threading.Thread]) -> AsyncEngine:
    if kind == "sqlite":
        _require_sqlite(sqlite3.sqlite_version_info)
        connect = _sqlite(url, timeout, threads)
        engine = create_async_engine(
            url, async_creator=connect, pool_size=pool_size, max_overflow=0, pool_reset_on_return=None
        )
        event.listen(engine.sync_engine, "begin", _begin)
        event.listen(engine.sync_engine, "reset", _reset)
        return engine
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_use_lifo=True,
        pool_recycle=1800,
        connect_args={"timeout": timeout, "server_settings": {"application_name": "llm-copilot"}},
    )


def _require_sqlite(found: tuple[int, ...]) -> None:
    if found < OLDEST_SQLITE:
        said, wanted = (".".join(map(str, version)) for version in (found, OLDEST_SQLITE))
        raise ConfigurationError(
            f"this Python brings SQLite {said}, which has no RETURNING yet; {wanted} or newer is needed",
            mend="Use a newer Python, or PostgreSQL by LLM_COPILOT_DATABASE_URL.",
        )


def _sqlite(url: str, timeout: float, threads: WeakSet[threading.Thread]) -> Callable[[], Awaitable[Connection]]:
    """Connections that start no transaction of their own (`_begin` does), and are closed if they cannot be used."""
    parsed = make_url(url)
    (path,), options = parsed.get_dialect()().create_connect_args(parsed)

    async def connect() -> Connection:
        connection = Connection(
            partial(sqlite3.connect, path, **{**options, "timeout": timeout}, isolation_level=None), 1
        )
        threads.add(connection._thread)  # noqa: SLF001  the driver has no public way to wait for it
        await connection
        try:
            await connection.execute("PRAGMA foreign_keys=ON")
            await connection.execute("PRAGMA synchronous=NORMAL")
            await connection.execute("PRAGMA secure_delete=ON")  # what was erased does not linger in free pages
        except BaseException:
            await connection.close()
            raise
        return connection

    return connect


def _turn_to_wal(path: Path) -> None:
    """A property of the file: set once here, every later connection finds it so.

    Of two that do it at once SQLite tells one that the file is locked, however long it would wait.
    """
    end = monotonic() + PATIENCE
    while True:
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or monotonic() > end:
                raise
            sleep(PAUSE)


def _make_folder(url: str) -> None:
    path = Path(make_url(url).database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _turn_to_wal(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise ConfigurationError(
            f"the database file {str(path)!r} cannot be made: {error}",
            mend="Make its folder writable, or set LLM_COPILOT_DATA_DIR to one that is.",
        ) from error
    except sqlite3.DatabaseError as error:
        raise _translated(error, _place(url)) from error


def _place(url: str) -> str:
    parsed = make_url(url)
    return (
        repr(parsed.database) if parsed.drivername.startswith("sqlite") else f"at {parsed.host}:{parsed.port or 5432}"
    )


def _missing_table(error: DBAPIError) -> bool:
    said = str(error.orig)
    return "no such table" in said or ("relation " in said and "does not exist" in said)


def _missing_column(error: DBAPIError) -> bool:
    said = str(error.orig)
    return "no column named" in said or "no such column" in said or ("column " in said and "does not exist" in said)


@contextlib.contextmanager
def _plainly(place: str) -> Any:
    """Driver errors as ours: what happened, where, and what to do."""
    try:
        yield
    except CopilotError:
        raise
    except (DBAPIError, PoolTimeout, OSError, sqlite3.Error) as error:
        raise _translated(error, place) from error


def _translated(error: Exception, place: str) -> CopilotError:
    said = (str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()[0][:200]
    if isinstance(error, TimeoutError):  # the driver's own; it says nothing
        said = "no answer in time"
    if "database is locked" in said or "deadlock detected" in said or isinstance(error, PoolTimeout):
        return Unavailable(
            f"the database {place} is busy: another process holds it", mend="Try again; nothing was written."
        )
    if "readonly" in said or "read-only" in said:
        return Terminal(
            f"the database {place} cannot be written: {said}",
            mend="Free the disk or make the file and its folder writable; nothing was written.",
        )
    if "disk is full" in said or "No space left" in said:
        return Terminal(f"the disk under the database {place} is full", mend="Free some space; nothing was written.")
    if "malformed" in said or "not a database" in said:
        return Terminal(f"the database {place} is damaged: {said}", mend="Restore it from a backup.")
    if isinstance(error, DBAPIError) and (_missing_table(error) or _missing_column(error)):
        return ConfigurationError(
            f"the database {place} lacks a table or column: {said}", mend="Run: llm-copilot db upgrade"
        )
    if "unable to open database file" in said:
        return ConfigurationError(
            f"the database file {place} cannot be opened", mend="It must be a file, in a folder that can be written."
        )
    if _REFUSED_LOGIN.search(said):
        return ConfigurationError(
            f"the database {place} refuses the connection: {said}",
            mend="Check the user, the password and the name of the database in LLM_COPILOT_DATABASE_URL.",
        )
    if (
        isinstance(error, (OperationalError, InterfaceError, OSError))
        or getattr(error, "connection_invalidated", False)
        or "connection was closed" in said
    ):
        return Unavailable(f"the database {place} does not answer: {said}", mend="Check that it runs; try again.")
    return Terminal(f"the database {place} refused: {type(error).__name__}: {said}", mend="This is a bug; report it.")
