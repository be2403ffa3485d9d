"""The processes of the bot that are alive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Database
from storage.models import ReplicaRow
from storage.repositories.rows import table, upsert

REPLICAS = table(ReplicaRow)


class ReplicaRepository:
    """Heartbeats."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(self, replica: str, host: str, now: datetime) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                upsert(self._database, ReplicaRow)
                .values(id=replica, host=host, started_at=now, seen_at=now)
                .on_conflict_do_update(index_elements=["id"], set_={"seen_at": now})
            )

    async def live(self) -> Sequence[str]:
        async with self._database.reading() as connection:
            return list((await connection.execute(select(REPLICAS.c.id))).scalars())

    async def bury(self, before: datetime) -> Sequence[str]:
        """Drop those that have not been heard of since; they count as dead from now on."""
        async with self._database.writing() as connection:
            gone = await connection.execute(
                delete(REPLICAS).where(REPLICAS.c.seen_at < before).returning(REPLICAS.c.id)
            )
            return list(gone.scalars())

    async def leave(self, replica: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(REPLICAS).where(REPLICAS.c.id == replica))
