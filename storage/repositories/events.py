"""Events from outside that have been taken: each is taken once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from storage.database import Database
from storage.models import ProcessedEventRow
from storage.repositories.rows import table, upsert

EVENTS = table(ProcessedEventRow)


class EventRepository:
    """The ids that were seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, event_id: str, now: datetime) -> bool:
        """True for exactly one caller, over all replicas."""
        async with self._database.writing() as connection:
            added = await connection.execute(
                upsert(self._database, ProcessedEventRow)
                .values(id=event_id, at=now)
                .on_conflict_do_nothing(index_elements=["id"])
            )
        return bool(added.rowcount)

    async def purge(self, before: datetime) -> int:
        async with self._database.writing() as connection:
            return (await connection.execute(delete(EVENTS).where(EVENTS.c.at < before))).rowcount
