"""Commands of the database: its schema, and the keys that seal what it holds."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.commands.visiting import console, read_settings

if TYPE_CHECKING:
    from storage.database import Database

T = TypeVar("T")
db = typer.Typer(help="The database.", no_args_is_help=True)


def _on_database(work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    import asyncio

    from storage.database import Database

    settings = read_settings()

    async def run() -> T:
        database = Database(settings.database, timeout=settings.database_timeout_seconds)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


@db.command("upgrade")
def db_upgrade(revision: Annotated[str, typer.Argument(help="To which revision.")] = "head") -> None:
    """Bring the schema up to date."""
    _on_database(lambda database: database.upgrade(revision))
    db_current()


@db.command("downgrade")
def db_downgrade(
    revision: Annotated[str, typer.Argument(help="To which revision; base drops every table.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the schema back. What the newer tables hold is lost."""
    if not yes:
        typer.confirm(f"Take the schema back to {revision!r}, and lose what the newer tables hold?", abort=True)
    _on_database(lambda database: database.downgrade(revision))
    db_current()


@db.command("current")
def db_current() -> None:
    """The revision of the schema, and the one that this version needs."""
    from storage.database import head_revision

    found = _on_database(lambda database: database.current())
    console().print(f"schema {found or 'none'}; this version needs {head_revision()}", markup=False)


@db.command("rotate")
def db_rotate() -> None:
    """Rewrite every sealed column with the active key. Keep old keys that sealed audit rows."""
    from bot.floors.files import read_keys
    from storage.repositories import MemoryRepository
    from storage.rotation import rotate

    keys = read_keys(read_settings())

    async def work(database: Database) -> dict[str, int]:
        counts = dict(await rotate(database, keys))
        return counts | {"memory_terms": await MemoryRepository(database, keys).reindex()}

    counts = _on_database(work)
    for column, count in counts.items():
        console().print(f"{column}: {count}", markup=False)
    console().print(f"Everything is sealed with {keys.active!r} now.", markup=False)
