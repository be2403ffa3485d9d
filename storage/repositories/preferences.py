"""Settings of one person, channel or workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from bot.ports import Json
from storage.database import Database
from storage.models import PreferenceRow
from storage.repositories.rows import table, upsert

PREFERENCES = table(PreferenceRow)


class PreferenceRepository:
    """Preferences by scope (`person:U1`, `channel:C1`, `workspace:T1`) and name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, scope: str) -> Mapping[str, Json]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(PREFERENCES.c.name, PREFERENCES.c.value).where(PREFERENCES.c.scope == scope)
            )
            return {row.name: row.value for row in found}

    async def set(self, scope: str, name: str, value: Json, now: datetime) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, PreferenceRow)
                .values(scope=scope, name=name, value=value, updated_at=now)
                .on_conflict_do_update(
                    index_elements=["scope", "name"],
                    set_={"value": value, "updated_at": now, "version": PREFERENCES.c.version + 1},
                )
            )

    async def forget(self, scope: str) -> int:
        async with self._database.writing() as connection:
            return (await connection.execute(delete(PREFERENCES).where(PREFERENCES.c.scope == scope))).rowcount
