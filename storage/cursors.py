"""SQLite in one trip to a connection's thread for each statement, where the driver takes four."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite


class Cursor:
    """A statement and all its rows, as SQLAlchemy reads them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection.on_thread(self._run, "execute", statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._connection.on_thread(self._run, "executemany", statement, parameters)

    def _run(self, how: str, statement: str, parameters: Sequence[Any]) -> None:
        """On the connection's thread."""
        cursor = self._connection._conn.cursor()  # noqa: SLF001  the driver's own
        try:
            getattr(cursor, how)(statement, parameters)
            self._rows = cursor.fetchall()
            self.description, self.lastrowid, self.rowcount = cursor.description, cursor.lastrowid, cursor.rowcount
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """It was, behind the last row."""

    async def __aenter__(self) -> Self:
        return self


class Connection(aiosqlite.Connection):
    """The driver's, but for its cursors."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)

    async def on_thread(self, function: Callable[..., None], *given: Any) -> None:
        await self._execute(function, *given)  # type: ignore[no-untyped-call]
