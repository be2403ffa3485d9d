"""Practice drills: one row each, however often the run that writes it is repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.database import Database
from storage.models import DrillRow
from storage.repositories.rows import table, upsert

DRILLS = table(DrillRow)


class DrillRepository:
    """The drill book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, key: str, *, label: str, environment: str, person: str, at: datetime) -> bool:
        async with self._database.writing() as connection:
            added = await connection.execute(
                upsert(self._database, DrillRow)
                .values(key=key, label=label, environment=environment, person=person, at=at)
                .on_conflict_do_nothing(index_elements=["key"])
            )
        return bool(added.rowcount)

    async def all(self) -> Sequence[Mapping[str, Any]]:
        async with self._database.reading() as connection:
            return [dict(row) for row in (await connection.execute(select(DRILLS).order_by(DRILLS.c.at))).mappings()]
